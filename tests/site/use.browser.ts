import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { catalog, files, findIntegrations } from "./testing/catalogs.ts";
import { startChromium } from "./testing/chromium.ts";
import { serve, type Served } from "./testing/serve.ts";

/** Waits for what the page is about to show; a loaded machine may take its time. */
// oxlint-disable-next-line vitest/require-awaited-expect-poll -- its callers await it
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 60_000 });

let browser: Browser;
let site: Served;
let context: BrowserContext;
let page: Page;
let trouble: string[];
beforeAll(async () => { [browser, site] = await Promise.all([startChromium(), serve(files)]); });
afterAll(async () => { await browser?.close(); await site?.stop(); });

async function open(options: BrowserContextOptions = {}): Promise<void> {
  await context?.close();
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  page = await context.newPage();
  trouble = [];
  page.on("console", (m) => { if (["error", "warning"].includes(m.type())) trouble.push(m.text()); });
  page.on("pageerror", (e) => trouble.push(String(e)));
  page.on("request", (r) => { if (!r.url().startsWith(site.url) && !r.url().startsWith("file:")) trouble.push(`asked for ${r.url()}`); });
}
beforeEach(async () => { await open(); });
afterEach(async () => { await context.close(); });

const go = (path: string) => page.goto(site.url + path);
const shown = () => page.locator(".card:visible").evaluateAll((cards) => cards.map((card) => (card as HTMLElement).dataset["name"]!));
const names = (...of: Parameters<typeof findIntegrations>) => findIntegrations(...of).map((i) => i.name);
const focused = () => page.evaluate(() => { const e = document.activeElement!; return `${e.tagName.toLowerCase()}${e.id === "" ? "" : `#${e.id}`} ${(e.textContent ?? "").trim().slice(0, 30)}`.trim(); });

test("every page loads, asks for nothing elsewhere, and breaks no rule of its own policy", async () => {
  for (const path of Object.keys(files).filter((f) => f.endsWith(".html"))) {
    const answer = await go(path);
    expect(answer?.status(), path).toBe(200);
    expect(await page.locator("h1").count(), path).toBe(1);
  }
  expect(trouble).toEqual([]);
  expect(site.missing).toEqual([]);
});

describe("search", () => {
  test.each(["s3", "bucket", "google", "gcp", "sse_kms_key_id", "weights & biases", "model registry", "_X_AMZN_TRACE_ID", "parquet", "kubernetes", "nothing of the kind"])("%j finds what the command line finds", async (text) => {
    await go("index.html");
    await page.locator("#q").focus();
    await page.locator("#q").fill(text);
    await eventually(async () => (await shown()).toSorted()).toEqual(names(catalog, text).toSorted());
    // of equal weight are those that the command line sorts by name, and the page by title; the best is the best of both
    const best = await shown();
    const found = names(catalog, text);
    if (found.length > 0) expect(found.slice(0, 3)).toContain(best[0]);
    expect(await page.locator("#found").textContent()).toBe(`${found.length} integration${found.length === 1 ? "" : "s"}`);
    expect(await page.locator("#none").isVisible()).toBe(found.length === 0);
    expect(trouble).toEqual([]);
  });

  test("filters and words together, in the address, and there again after a reload", async () => {
    await go("index.html");
    await page.locator("#q").fill("google");
    await page.locator('.filters a[data-type="artifact_store"]').click();
    await page.locator('.filters a[data-state="planned"]').click();
    await eventually(shown).toEqual(names(catalog, "google", { type: "artifact_store", state: "planned" }));
    expect(new URL(page.url()).search).toBe("?q=google&type=artifact_store&state=planned");
    await page.reload();
    await eventually(shown).toEqual(["gcs"]);
    expect(await page.locator(".filters a[aria-current]").evaluateAll((links) => links.map((l) => (l as HTMLElement).dataset["type"] ?? (l as HTMLElement).dataset["state"]))).toEqual(["planned", "artifact_store"]);
    // a second click takes a filter off
    await page.locator('.filters a[data-state="planned"]').click();
    await eventually(async () => (await shown()).length).toBe(names(catalog, "google", { type: "artifact_store" }).length);
  });

  test("what is only planned of an integration is not shown among what is available", async () => {
    await go("index.html?type=model_registry");
    await eventually(async () => (await shown()).toSorted()).toEqual(names(catalog, "", { type: "model_registry" }).toSorted());
    await page.locator('.filters a[data-state="available"]').click();
    await eventually(shown).toEqual([]);
    await page.locator("#reset").click();
    await eventually(async () => (await shown()).length).toBe(catalog.integrations.length);
    expect(await focused()).toContain("input#q");
  });

  test("nonsense in the address is not heeded", async () => {
    await go("index.html?type=%3Cscript%3E&state=maybe&q=");
    await eventually(async () => (await shown()).length).toBe(catalog.integrations.length);
  });

  test("a click with Ctrl is the browser's, not the filter's", async () => {
    await go("index.html");
    await page.locator('.filters a[data-state="planned"]').click({ modifiers: ["ControlOrMeta"] });
    await eventually(() => context.pages().length).toBe(2);
    expect((await shown()).length).toBe(catalog.integrations.length);
  });
});

describe("by keyboard", () => {
  test("the first stop skips to the content; / searches; Escape clears; Enter goes to the first that fits, and opens it", async () => {
    await go("index.html");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("a Skip to the content");
    await page.keyboard.press("Enter");
    expect(await focused()).toMatch(/^main#main/);
    await page.keyboard.press("/");
    expect(await focused()).toBe("input#q");
    await page.keyboard.type("mlflow/x");
    expect(await page.locator("#q").inputValue()).toBe("mlflow/x");
    await page.keyboard.press("Escape");
    expect(await page.locator("#q").inputValue()).toBe("");
    await page.keyboard.type("mlflow");
    await eventually(shown).toEqual(names(catalog, "mlflow"));
    await page.keyboard.press("Enter");
    expect(await focused()).toBe("a MLflow");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/integrations/mlflow.html");
  });

  test.each(["index.html", "integrations/s3.html", "integrations/process.html"])("%s: everything that can be clicked is reached by Tab, and is seen to have the focus", async (path) => {
    await go(path);
    const wanted = await page.evaluate(() => [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")].filter((e) => e.checkVisibility()).length);
    const seen = new Set<number>();
    for (let n = 0; n < wanted + 5 && seen.size < wanted; n++) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(() => {
        const all = [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")].filter((e) => e.checkVisibility());
        const e = document.activeElement!;
        const ring = [getComputedStyle(e), getComputedStyle(e, "::after")].some((s) => s.outlineStyle !== "none" && Number.parseFloat(s.outlineWidth) >= 2);
        return { index: all.indexOf(e), ring, what: e.outerHTML.slice(0, 120) };
      });
      if (at.index < 0) continue;
      expect(at.ring, at.what).toBe(true);
      seen.add(at.index);
    }
    expect(seen.size).toBe(wanted);
  });
});

describe("copying", () => {
  const LINE = "npx mlstack integration install s3";
  test("the install command is in the clipboard, and it is said", async () => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await go("integrations/s3.html");
    await page.getByRole("button", { name: "Copy install command" }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(LINE);
    await eventually(() => page.locator("#said").textContent()).toBe("Copied");
    await page.getByRole("button", { name: /in a stack's file/ }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^components:\n {2}artifact_store:\n {4}type: s3\n {4}configuration:\n {6}# The bucket's name\. It must exist\.\n {6}bucket: …$/);
  });
  test("where there is no clipboard, by the old way; where that fails, the text is selected", async () => {
    await context.grantPermissions(["clipboard-read"]);
    await page.addInitScript(() => { Object.defineProperty(navigator.clipboard, "writeText", { value: () => Promise.reject(new Error("no")) }); });
    await go("integrations/s3.html");
    const button = page.getByRole("button", { name: "Copy install command" });
    await button.click();
    await eventually(() => page.evaluate(() => navigator.clipboard.readText())).toBe(LINE);
    await page.evaluate(() => { document.execCommand = () => false; });
    await button.click();
    await eventually(() => page.evaluate(() => getSelection()!.toString())).toBe(LINE);
    await eventually(() => page.locator("#said").textContent()).toMatch(/^Selected/);
  });
  test("what can't be installed has no command to copy", async () => {
    await go("integrations/vertex.html");
    expect(await page.locator("button").count()).toBe(0);
    expect(await page.locator("main").innerText()).toMatch(/It can't be installed yet/);
  });
});

describe("without scripts", () => {
  beforeEach(async () => { await open({ javaScriptEnabled: false }); });
  test("all is there: every integration, filters as pages, no field that does nothing", async () => {
    await go("index.html");
    expect((await shown()).toSorted()).toEqual(names(catalog).toSorted());
    expect(await page.locator("#q").isVisible()).toBe(false);
    await page.locator('.filters a[data-type="artifact_store"]').click();
    expect((await shown()).toSorted()).toEqual(names(catalog, "", { type: "artifact_store" }).toSorted());
    await page.locator('.filters a[data-state="available"]').click();
    expect((await shown()).toSorted()).toEqual(names(catalog, "", { state: "available" }).toSorted());
    await page.locator('.filters a[data-state=""]').click();
    expect(await shown()).toHaveLength(catalog.integrations.length);
    await page.locator("a", { hasText: "Amazon S3" }).click();
    const text = await page.locator("main").innerText();
    for (const part of ["npx mlstack integration install s3", "sse_kms_key_id", "credentials.secret_access_key", "AWS_*", "artifact_store@1", "Not measured"]) expect(text.replaceAll("\u200B", "")).toContain(part);
    expect(await page.locator("button:visible").count()).toBe(0);
  });
});

test("from a folder, without any server: pages, search and filters work", async () => {
  const dir = mkdtempSync(join(tmpdir(), "mlstack-site-"));
  try {
    for (const [path, text] of Object.entries(files)) { mkdirSync(dirname(join(dir, path)), { recursive: true }); writeFileSync(join(dir, path), text); }
    await page.goto(pathToFileURL(join(dir, "index.html")).href);
    await page.locator("#q").fill("bucket");
    // without the index only what is on the cards counts
    await eventually(async () => (await shown()).toSorted()).toEqual(["gcs", "s3"]);
    await page.locator('.filters a[data-state="available"]').click();
    await eventually(shown).toEqual(["s3"]);
    await page.locator(".card:visible h3 a").click();
    expect(await page.locator("h1").textContent()).toBe("Amazon S3");
    expect(await page.evaluate(() => getComputedStyle(document.querySelector(".side")!).position)).toBe("sticky");
  } finally { rmSync(dir, { recursive: true, force: true }); }
});
