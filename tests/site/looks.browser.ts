import axe from "axe-core";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fullFiles, hostileFiles } from "./testing/catalogs.ts";
import { startChromium } from "./testing/chromium.ts";
import { LOOKS, looks, type Look } from "./testing/looks.ts";
import { serve, type Served } from "./testing/serve.ts";

const SHOTS = join(import.meta.dirname, "screenshots");
const PAGES = ["index.html", "integrations/s3.html", "integrations/local.html", "integrations/polars.html", "integrations/vertex.html", "integrations/mlflow.html", "integrations/acme-plugin-s3.html", "aliases/aws.html", "types/artifact_store.html"];

let browser: Browser;
let site: Served;
let hostile: Served;
beforeAll(async () => {
  [browser, site, hostile] = await Promise.all([startChromium(), serve(fullFiles), serve(hostileFiles)]);
  mkdirSync(SHOTS, { recursive: true });
});
afterAll(async () => { await browser?.close(); await site?.stop(); await hostile?.stop(); });

async function withPage<T>(look: Look, path: string, use: (page: Page) => Promise<T>, from: Served = site): Promise<T> {
  const context = await browser.newContext(LOOKS[look]);
  try {
    const page = await context.newPage();
    await page.goto(from.url + path);
    return await use(page);
  } finally { await context.close(); }
}

/** What axe finds, one line each. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations: found } = await page.evaluate(async () => (globalThis as unknown as { axe: typeof axe }).axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  return found.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary ?? ""}`));
}

const overflow = async (page: Page): Promise<string[]> => page.evaluate(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const scrolls = (e: Element): boolean => e.parentElement !== null && e.parentElement !== document.body && (getComputedStyle(e.parentElement).overflowX !== "visible" || scrolls(e.parentElement));
  return [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > width + 0.5 && !scrolls(e)).slice(0, 5).map((e) => `${e.tagName}.${e.className} ends at ${e.getBoundingClientRect().right.toFixed(1)} of ${width}: ${(e.textContent ?? "").trim().slice(0, 60)}`);
});

describe.each(looks)("%s", (look) => {
  test.each(PAGES)("%s has no barrier that axe finds, nothing beside the screen, and its picture is taken", async (path) => {
    await withPage(look, path, async (page) => {
      expect(await violations(page)).toEqual([]);
      expect(await overflow(page)).toEqual([]);
      await page.screenshot({ path: join(SHOTS, `${look}-${path.replace(/\W+/g, "-").replace(/-html$/, "")}.png`), fullPage: true });
    });
  });
});

test("axe and the measure of width do find what is wrong", async () => {
  await withPage("light-phone", "index.html", async (page) => {
    await page.evaluate(() => {
      document.querySelector("h1")!.style.cssText = "color: #ccc; width: 600px";
      document.documentElement.removeAttribute("lang");
    });
    const found = await violations(page);
    for (const rule of ["color-contrast", "html-has-lang"]) expect(found.filter((line) => line.startsWith(`${rule}:`)), rule).not.toEqual([]);
    expect(await overflow(page)).not.toEqual([]);
  });
});

test.each([320, 390, 640, 768, 1024, 1920])("nothing is beside a screen of %i pixels, long hostile texts included", async (width) => {
  const context = await browser.newContext({ viewport: { width, height: 800 } });
  try {
    const page = await context.newPage();
    for (const [from, paths] of [[site, ["index.html", "integrations/s3.html", "integrations/local.html", "aliases/gcp.html"]], [hostile, ["index.html", "integrations/hostile.html"]]] as const) {
      for (const path of paths) {
        await page.goto(from.url + path);
        expect(await overflow(page), `${path} at ${width}`).toEqual([]);
      }
    }
  } finally { await context.close(); }
});

test("text at twice its size is neither cut off nor beside the screen", async () => {
  await withPage("light-desktop", "integrations/s3.html", async (page) => {
    await page.evaluate(() => { document.documentElement.style.fontSize = "32px"; document.body.style.fontSize = "2rem"; });
    expect(await overflow(page)).toEqual([]);
  });
});

test("dark is dark and light is light", async () => {
  const back = async (look: Look) => withPage(look, "index.html", (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor));
  expect([await back("light-desktop"), await back("dark-desktop")]).toEqual(["rgb(255, 255, 255)", "rgb(15, 17, 22)"]);
});

test("on paper: no search, no filters, no buttons, and the addresses of links", async () => {
  await withPage("dark-desktop", "integrations/s3.html", async (page) => {
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const visible = async (selector: string) => page.locator(selector).first().isVisible();
    expect(await Promise.all([".copy", ".top nav"].map(visible))).toEqual([false, false]);
    expect(await Promise.all(["h1", ".command pre", ".table.config", ".side"].map(visible))).toEqual([true, true, true, true]);
    expect(await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color])).toEqual(["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
    expect(await page.evaluate(() => getComputedStyle(document.querySelector('.side a[href^="http"]')!, "::after").content)).toContain("https://");
    expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(10_000);
    await page.goto(`${site.url}index.html`);
    await page.emulateMedia({ media: "print" });
    expect(await Promise.all([".search", ".filters"].map(visible))).toEqual([false, false]);
    expect(await visible(".card")).toBe(true);
  });
});
