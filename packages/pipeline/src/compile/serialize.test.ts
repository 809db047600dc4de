import fc from "fast-check";
import { expect, test } from "vitest";
import { interfaceOf } from "./imports.ts";
import { parserTool, transformTool } from "./oxc.ts";
import { serialize } from "./serialize.ts";
import { languageOf, parseFile } from "./source.ts";
import { ZOO } from "./testing/syntax-zoo.ts";
import { random } from "./testing/random-program.ts";
import { unitsOf } from "./units.ts";

/**
 * An independent judge of what counts in a source: the compiler. Where two sources are compiled to different JavaScript, what is hashed
 * of them must differ. Tried on sources that use all of the language, with tokens changed, moved and taken away.
 */
const CASES = Number(process.env["MLSTACK_ORACLE_CASES"] ?? 2000) * 2;

const FILES = Object.entries(ZOO).flatMap(([path, text]) => (typeof text === "string" && /\.[ct]sx?$|\.cjs$/.test(path) && !["all.ts", "merged.ts"].includes(path) ? [{ path, text }] : []));
const TOKEN = /\/\/.*|\/\*[\s\S]*?\*\/|`[^`]*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[\p{ID_Start}$_#@][\p{ID_Continue}$]*|\d[\w.]*|=>|\.\.\.|\?\.|\?\?=?|[-+*/%&|^!=<>]=?=?|\s+|[\s\S]/gu;

interface Reading {
  readonly code: string;
  readonly hashed: string;
}

function read(path: string, text: string): Reading | undefined {
  const source = parseFile(path, { dir: "/", name: undefined, type: "module", pure: new Set() }, text);
  if (source.fault !== undefined) return undefined;
  const lang = languageOf(path);
  const compiled = transformTool().transformSync(path, text, { lang, sourceType: source.format, decorator: { legacy: true }, jsx: "preserve", typescript: { onlyRemoveTypeImports: true } });
  if (compiled.errors.length > 0) return undefined;
  // what the compiler lets pass although no engine would
  if (parserTool().parseSync("out.jsx", compiled.code, { lang: "jsx", sourceType: source.format, showSemanticErrors: true }).errors.length > 0) return undefined;
  const { imports, exports, stars, requests } = interfaceOf(source.program, true, () => true);
  const noPlace = (value: object) => JSON.stringify(value, (key, v: unknown) => (key === "start" ? undefined : v));
  return {
    // empty statements and comments do nothing
    code: compiled.code.replaceAll(/^\s*;\n|\/\*[\s\S]*?\*\//gm, "").replaceAll(/\s+/g, " ").replaceAll(/ ?([{}:;]) ?/g, "$1").replaceAll(/(?<=[{}:;]);/g, ""),
    hashed: JSON.stringify([
      source.program.body.flatMap((s) => unitsOf(s)).map((u) => [u.kind, u.names, u.declarationKind, serialize(u.node)]),
      noPlace([byName(imports), byName(exports), stars, requests]),
    ]),
  };
}

const byName = (map: ReadonlyMap<string, unknown>) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));

test(`${CASES} changes of tokens`, { timeout: 20_000 + CASES * 20 }, () => {
  const tally = { readable: 0, differed: 0, needless: 0 };
  const originals = new Map(FILES.map(({ path, text }) => [path, read(path, text)]));
  for (const [path, reading] of originals) expect(reading, path).toBeDefined();
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const r = random(seed);
      const { path, text } = FILES[r(FILES.length)]!;
      const before = originals.get(path)!;
      const tokens = text.match(TOKEN) ?? [];
      const solid = tokens.flatMap((t, i) => (/^\s|^\/[/*]/.test(t) ? [] : [i]));
      const at = solid[r(solid.length)]!;
      const other = solid[r(solid.length)]!;
      const changed = [...tokens];
      switch (r(5)) {
        case 0: changed.splice(at, 1); break;
        case 1: changed[at] = tokens[other]!; break;
        case 2: changed.splice(at, 0, tokens[other]!, " "); break;
        case 3: [changed[at], changed[other]] = [tokens[other]!, tokens[at]!]; break;
        default: changed[at] = /^\w/.test(tokens[at]!) ? tokens[at]! + "1" : `(${tokens[at]!})`;
      }
      const source = changed.join("");
      const after = read(path, source);
      if (after === undefined) return;
      tally.readable++;
      if (after.code !== before.code) {
        tally.differed++;
        if (after.hashed === before.hashed) throw new Error(`${path}: ${JSON.stringify(tokens[at])} (${JSON.stringify(tokens[other])}), seed ${seed}\n${diff(before.code, after.code)}`);
      } else if (after.hashed !== before.hashed) tally.needless++;
    }),
    { numRuns: CASES, endOnFailure: true },
  );
  console.log(`changes of tokens: ${JSON.stringify(tally)}`);
  expect(tally.differed).toBeGreaterThan(CASES / 20);
});

/** What differs first, on both sides. */
function diff(a: string, b: string): string {
  const n = a.split("").findIndex((c, i) => c !== b[i]);
  return `- ${a.slice(Math.max(0, n - 60), n + 60)}\n+ ${b.slice(Math.max(0, n - 60), n + 60)}`;
}
