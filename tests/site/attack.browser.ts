import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostileFiles } from "./testing/catalogs.ts";
import { startChromium } from "./testing/chromium.ts";
import { serve, type Served } from "./testing/serve.ts";
import { HOSTILE } from "../../scripts/site/testing/hostile.ts";

// The policy of the pages would stop most scripts by itself; here it is taken away, so that what is tested is the escaping alone.
const bare = (text: string): string => text.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>\n/, "");
const unescaped = (text: string): string => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&#96;", "`");

let browser: Browser;
let site: Served;
let naked: Served;
beforeAll(async () => {
  const without = Object.fromEntries(Object.entries(hostileFiles).map(([path, text]) => [path, bare(text)]));
  const broken = Object.fromEntries(Object.entries(without).map(([path, text]) => [`broken/${path}`, path.endsWith(".html") ? unescaped(text) : text]));
  const guarded = Object.fromEntries(Object.entries(hostileFiles).map(([path, text]) => [`guarded/${path}`, path.endsWith(".html") ? unescaped(text) : text]));
  [browser, site, naked] = await Promise.all([startChromium(), serve({ ...without, ...broken }), serve(guarded)]);
});
afterAll(async () => { await browser?.close(); await site?.stop(); await naked?.stop(); });

const pages = Object.keys(hostileFiles).filter((path) => path.endsWith(".html"));

/** Does what a reader would do, and says whether anything of the attack ran. */
async function isPwned(page: Page, url: string): Promise<boolean> {
  let dialogs = 0;
  page.on("dialog", (d) => { dialogs++; void d.dismiss(); });
  await page.goto(url);
  if (await page.locator("#q").isVisible()) {
    for (const text of HOSTILE) await page.locator("#q").fill(text.replaceAll("\n", " "));
    await page.locator("#q").fill("");
  }
  for (const element of await page.locator("main a, main button, main summary, main pre").all()) {
    if (!(await element.isVisible())) continue;
    await element.hover({ force: true });
    await element.focus();
  }
  return dialogs > 0 || (await page.evaluate(() => "pwned" in globalThis));
}

test.each(pages)("%s: nothing of a hostile manifest runs, and no element is its", async (path) => {
  const page = await browser.newPage();
  try {
    expect(await isPwned(page, site.url + path)).toBe(false);
    expect(await page.evaluate(() => ({
      scripts: document.scripts.length, strange: document.querySelectorAll("img, iframe, object, embed, base, form, style, marquee, b").length,
      handlers: [...document.querySelectorAll("*")].flatMap((e) => [...e.attributes].filter((a) => /^on|^style$|^srcdoc$/.test(a.name))).length,
      addresses: [...document.querySelectorAll("a")].filter((a) => !/^https?:$/.test(a.protocol)).length,
    }))).toEqual({ scripts: 1, strange: 0, handlers: 0, addresses: 0 });
  } finally { await page.close(); }
});

test("the attacks are real: without escaping they run", async () => {
  const page = await browser.newPage();
  try { expect(await isPwned(page, `${site.url}broken/integrations/hostile.html`)).toBe(true); } finally { await page.close(); }
});

test("and were escaping to fail, the policy of the pages would still stop them", async () => {
  const page = await browser.newPage();
  try {
    const refused: string[] = [];
    page.on("console", (m) => { if (/Content Security Policy/.test(m.text())) refused.push(m.text()); });
    expect(await isPwned(page, `${naked.url}guarded/integrations/hostile.html`)).toBe(false);
    expect(refused).not.toEqual([]);
  } finally { await page.close(); }
});
