import fc from "fast-check";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "../bootstrap/install.mjs";
import { catalogIn } from "../catalog/generated.ts";
import { configRows, secretsOf } from "./config-rows.ts";
import { fileName, html, link, prose, rendered } from "./html.ts";
import { writeSite } from "./main.ts";
import { siteFiles } from "./site.ts";
import { stackSnippet } from "./snippet.ts";
import { HOSTILE, hostileCatalog } from "./testing/hostile.ts";

const catalog = catalogIn(root);
const files = siteFiles(catalog);
const pages = Object.entries(files).filter(([path]) => path.endsWith(".html"));

describe("templates", () => {
  test("whatever is put in comes out as text, and nothing of it as markup", () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...HOSTILE)), (text) => {
      const made = rendered(html`<p title="${text}">${text}</p>`);
      const [, attribute, content] = /^<p title="([^"<>'`]*)">([^<>"'`]*)<\/p>$/s.exec(made)!;
      expect(content).toBe(attribute);
      expect(made.replace(/&(?:amp|lt|gt|quot|#39|#96);/g, "")).not.toContain("&");
    }));
  });
  test("templates, lists and what is left out", () => {
    expect(rendered(html`<b>${html`<i>${"<"}</i>`}${["a", html`<br>`, false, undefined, 0]}</b>`)).toBe("<b><i>&lt;</i>a<br>0</b>");
    expect(rendered(prose("set `a<b` or `c"))).toBe("set <code>a&lt;b</code> or &#96;c");
  });
  test("what only looks like a template's result is text, or an error, and never markup", () => {
    expect(() => rendered(html`${JSON.parse('{"html":"<script>"}') as never}`)).not.toThrow();
    expect(rendered(html`${JSON.parse('{"html":"<script>"}') as never}`)).not.toContain("<");
  });
  test.each(["javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:x", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//x.example", "x", ""])("%j is no address that a click may lead to", (url) => { expect(link(url)).toBeUndefined(); });
  test("an address is written as URLs are", () => { expect(link('https://x.example/"><script>')).toBe("https://x.example/%22%3E%3Cscript%3E"); });
  test.each(["../x", "a/b", "a\\b", "", ".", "a..b", "A", "a b", "a\0"])("%j is no page's name", (name) => { expect(() => fileName(name)).toThrow("can't be the name of a page"); });
});

describe("the site of this catalog", () => {
  test("is the same each time", () => { expect(siteFiles(catalog)).toEqual(files); });
  test("has a page per integration, and none that can't be installed says how", () => {
    for (const { name, state } of catalog.integrations) {
      const page = files[`integrations/${name}.html`]!;
      expect(page.includes(`npx mlstack integration install ${name}<`)).toBe(state === "available");
    }
  });
  test("every link within it leads to a file and a place that is there", () => {
    const problems = pages.flatMap(([path, text]) => [...text.matchAll(/(?:href|src)="([^"]*)"/g)].flatMap(([, target = ""]) => {
      if (/^https?:/.test(target)) return [];
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : posix.join(posix.dirname(path), file);
      const there = Object.hasOwn(files, to) && (anchor === undefined || files[to]!.includes(` id="${anchor}"`));
      return there ? [] : [`${path}: ${target}`];
    }));
    expect(problems).toEqual([]);
  });
  test("pages hold nothing that runs and nothing from elsewhere", () => {
    for (const [path, text] of pages) {
      expect(text.match(/<script[^>]*>/g), path).toEqual([expect.stringMatching(/^<script src="(?:\.\.\/)?assets\/site\.js" defer>$/)]);
      expect(text, path).not.toMatch(/ on\w+=|<style|style="|<img|<iframe|<link rel="stylesheet" href="http|javascript:/i);
      expect(text, path).toContain("default-src &#39;none&#39;");
    }
  });
  test("ids are there once, and headings do not skip a level", () => {
    for (const [path, text] of pages) {
      const ids = [...text.matchAll(/ id="([^"]*)"/g)].map((m) => m[1]);
      expect(new Set(ids).size, path).toBe(ids.length);
      const levels = [...text.matchAll(/<h([1-6])/g)].map((m) => Number(m[1]));
      expect(levels[0], path).toBe(1);
      for (const [n, level] of levels.entries()) expect(level - (levels[n - 1] ?? 0), `${path} ${levels.join()}`).toBeLessThanOrEqual(1);
    }
  });
  test("how a component is written into a stack is YAML, with the keys that it requires", () => {
    for (const component of catalog.integrations.flatMap((i) => i.components)) {
      const { components } = parse(stackSnippet(component)) as { components: Record<string, { type: string; configuration?: Record<string, unknown> }> };
      expect(components[component.type]?.type).toBe(component.flavor);
      expect(Object.keys(components[component.type]?.configuration ?? {})).toEqual(configRows(component.config).filter((r) => r.required && !r.key.includes(".")).map((r) => r.key));
    }
  });
});

describe("configuration", () => {
  test("keys as in stack files, types in words, what is required where, secrets", () => {
    const rows = configRows({
      type: "object", required: ["bucketName", "kind"], properties: {
        bucketName: { type: "string", description: "Its name", minLength: 3, maxLength: 63 }, kind: { enum: ["a", 1] }, sizeMib: { type: "integer", minimum: 5, maximum: 5120, default: 8 }, seconds: { type: "number", exclusiveMinimum: 0 },
        most: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, url: { type: "string", format: "uri" }, either: { anyOf: [{ type: "string" }, { type: "boolean" }, { type: "string" }] }, names: { type: "array", items: { type: "string" }, default: ["x"] },
        labels: { type: "object", additionalProperties: { type: "string" } }, anything: {}, odd: true, maybe: { type: ["string", "null"] }, fixed: { const: "v" },
        login: { type: "object", required: ["accessKey"], properties: { accessKey: { type: "string", secret: true }, userName: { type: "string", reference: true } } },
      },
    });
    expect(rows.map(({ key, type, limits }) => [key, type, limits].filter((x) => x !== ""))).toEqual([
      ["bucket_name", "text", "at least 3 characters, at most 63 characters"], ["kind", '"a" or 1'], ["size_mib", "whole number", "5 to 5,120"], ["seconds", "number", "above 0"], ["most", "whole number", "at least 1"], ["url", "URL"], ["either", "text or true or false"], ["names", "list of texts"],
      ["labels", "keys with texts"], ["anything", "any value"], ["odd", "any value"], ["maybe", "text or nothing"], ["fixed", '"v"'], ["login", "group"], ["login.access_key", "text"], ["login.user_name", "text"],
    ]);
    const of = (key: string) => rows.find((r) => r.key === key)!;
    expect([of("bucket_name").required, of("login.access_key").required, of("login.access_key").requiredIn, of("login.access_key").secret, of("login.user_name").secret, of("names").default]).toEqual([true, false, "login", "secret", "reference", '["x"]']);
  });
  test.each([undefined, null, 7, "x", [], {}, { properties: 7 }, { properties: [] }, { properties: { a: null } }])("of a schema that is none nothing is said: %j", (schema) => { expect(() => configRows(schema)).not.toThrow(); });
  test("a schema without end ends", () => {
    let schema: object = { type: "string" };
    for (let n = 0; n < 500; n++) schema = { type: "object", properties: { a: schema } };
    expect(configRows(schema).length).toBeLessThan(10);
  });
  test("secrets are named with their groups", () => { expect(secretsOf(catalog.integrations.find((i) => i.name === "s3")!.components[0]!.config)).toEqual(["credentials.secret_access_key", "credentials.session_token"]); });
});

describe("a catalog of attacks", () => {
  const attacked = siteFiles(hostileCatalog);
  test("no page has an element, attribute or address more than a harmless one has", () => {
    const shape = (text: string): string[] => [...text.matchAll(/<\/?([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*\/?>/g)].map(([, name, attributes]) => `${name} ${[...attributes!.matchAll(/([a-z-]+)(?==|\s|$)/g)].map((m) => m[1]).join()}`);
    for (const [path, text] of Object.entries(attacked)) {
      if (!path.endsWith(".html")) continue;
      expect(text.match(/<script/g), path).toHaveLength(1);
      expect(text.replace(/"[^"]*"/g, '""'), path).not.toMatch(/<[^>]* on\w+\s*=/i);
      expect(shape(text).filter((one) => /^(?:img|iframe|object|embed|base|form|style|math|template|noscript|marquee)\b/.test(one)), path).toEqual([]);
      expect([...text.matchAll(/href="([^"]*)"/g)].map((m) => m[1]!).filter((to) => /^\s*(?:javascript|data|vbscript|file):/i.test(to)), path).toEqual([]);
      // oxlint-disable-next-line no-control-regex -- nothing turns the direction of what is around it
      expect(text, path).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u0000]/);
    }
  });
  test("and what was tried can be read there", () => { expect(attacked["integrations/hostile.html"]).toContain("&lt;script&gt;window.pwned=1&lt;/script&gt;"); });
  test("its snippets are still YAML of one component", () => {
    for (const component of hostileCatalog.integrations.flatMap((i) => i.components)) expect(Object.keys((parse(stackSnippet(component)) as { components: object }).components)).toHaveLength(1);
  });
  test("nobody's page takes the place of another's", () => {
    const [ours] = catalog.integrations;
    expect(() => siteFiles({ ...catalog, integrations: [...catalog.integrations, { ...hostileCatalog.integrations[0]!, name: ours!.name }] })).toThrow(`two integrations are called ${ours!.name}`);
  });
  test("a name or type that would leave the site's folder is refused", () => {
    const hostile = hostileCatalog.integrations[0]!;
    for (const wrong of [{ ...hostile, name: "../../x" }, { ...hostile, types: ["../x"] }]) expect(() => siteFiles({ ...hostileCatalog, integrations: [wrong] })).toThrow(/can't be the name of a page/);
  });
});

describe("writing", () => {
  test("an earlier site is replaced, what is no site is left alone", () => {
    const dir = mkdtempSync(join(tmpdir(), "mlstack-site-"));
    try {
      const site = join(dir, "site");
      writeSite(site);
      writeFileSync(join(site, "old.html"), "old");
      writeSite(site);
      expect(readdirSync(site).toSorted()).toEqual(["aliases", "assets", "index.html", "index.json", "integrations", "states", "types"]);
      expect(readFileSync(join(site, "index.html"), "utf8")).toBe(files["index.html"]);
      const other = join(dir, "other");
      mkdirSync(other);
      writeFileSync(join(other, "thesis.txt"), "mine");
      expect(() => writeSite(other)).toThrow(/is no site: nothing was written/);
      expect(readdirSync(dir).toSorted()).toEqual(["other", "site"]);
      expect(readdirSync(other)).toEqual(["thesis.txt"]);
    } finally { rmSync(dir, { recursive: true, force: true }); }
  });
});
