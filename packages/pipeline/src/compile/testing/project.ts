import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { codeAnalyzer } from "../analyzer.ts";
import type { CodeFingerprint } from "../types.ts";

/** Files of a project by path; `undefined` takes one away, `{ link }` makes a link to a folder beside it. */
export type Files = Readonly<Record<string, string | { readonly link: string } | undefined>>;

/** Stand-ins for installed packages: what counts is where they lie and what their package.json says. */
export const PACKAGES: Files = {
  "node_modules/zod/package.json": `{"name":"zod","version":"4.0.0","type":"module","exports":{".":"./index.js","./mini":"./index.js"}}`,
  "node_modules/zod/index.js": "export const z = {}; export default z;",
  "node_modules/lodash/package.json": `{"name":"lodash","version":"1.0.0","type":"module","exports":{".":"./index.js","./fp":"./index.js","./jsx-runtime":"./index.js"}}`,
  "node_modules/lodash/index.js": "export const chunk = (x) => x; export const sum = (x) => x;",
  "node_modules/patcher/package.json": `{"name":"patcher","version":"1.0.0","type":"module","exports":"./index.js"}`,
  "node_modules/patcher/index.js": "",
  "node_modules/frames/package.json": `{"name":"frames","version":"1.0.0","type":"module","exports":"./index.js","mlstack":{"manifestVersion":1,"pure":["dataframe","pythonStep"]}}`,
  "node_modules/frames/index.js": "export const dataframe = () => ({});",
};

/** A project in a temporary folder. */
export class TestProject {
  readonly dir: string;
  constructor(files: Files, packages: Files = PACKAGES) {
    this.dir = realpathSync.native(mkdtempSync(join(tmpdir(), "mlstack-compile-")));
    this.write({ "package.json": `{"name":"project","type":"module"}`, ...packages, ...files });
  }

  write(files: Files): this {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.dir, path);
      if (content === undefined) { rmSync(file, { force: true }); continue; }
      mkdirSync(dirname(file), { recursive: true });
      if (typeof content === "string") writeFileSync(file, content);
      else symlinkSync(content.link, file);
    }
    return this;
  }

  fingerprint(module: string, name: string, declared: { env?: readonly string[]; files?: readonly string[] } = {}): CodeFingerprint {
    return codeAnalyzer({ projectDir: this.dir }).fingerprint({ module, export: name }, { env: declared.env ?? [], files: declared.files ?? [] });
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
