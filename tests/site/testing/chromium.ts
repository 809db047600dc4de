import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const PLACES: readonly string[] = [
  "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable", "/snap/bin/chromium",
  "/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", String.raw`C:\Program Files\Google\Chrome\Application\chrome.exe`,
];

export const HOW_TO_INSTALL = "no Chromium is here: apt-get install chromium (as root), or set MLSTACK_CHROMIUM to the program of one";

/** The browser that is there: the one that MLSTACK_CHROMIUM names, or where systems put it. Nothing is downloaded. */
export function chromiumPath(env: Readonly<Record<string, string | undefined>> = process.env, exists: (path: string) => boolean = existsSync): string | undefined {
  const named = env["MLSTACK_CHROMIUM"];
  if (named !== undefined && named !== "") return exists(named) ? named : undefined;
  return PLACES.find(exists);
}

/** A browser of one's own; without a sandbox, which root can't have. */
export async function startChromium(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error(HOW_TO_INSTALL);
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [], timeout: 110_000 });
}
