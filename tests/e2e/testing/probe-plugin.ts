import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A flavor of `acme.probe@1`, a contract of nobody's: what it does when it is made, and when it is told to. */
export interface Probe {
  readonly permissions?: Readonly<Partial<Record<"hosts" | "files" | "processes" | "env", readonly string[]>>>;
  /** Statements of `create(config, context)`. */
  readonly create?: string;
  /** Statements of `reach(value)`, which may await; `config` and `context` are there. */
  readonly reach?: string;
}

export interface ProbePackage {
  readonly flavors: Readonly<Record<string, Probe>>;
  /** Statements at the top of the plugin's module. */
  readonly top?: string;
  /** The text of `conformance.mjs`; by default one target per flavor, whose only case calls `reach` once. */
  readonly conformance?: string | undefined;
}

const MODULES = join(import.meta.dirname, "..", "..", "..", "node_modules");

/** The package of a plugin in a folder outside of the workspace, as its author has it. The manifest is as its build would write it. */
export function probePackage({ flavors, top = "", conformance = targetsOf(Object.keys(flavors)) }: ProbePackage): { readonly dir: string; write(path: string, text: string): string; remove(): void } {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "acme-probe-")));
  const write = (path: string, text: string): string => {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const components = Object.entries(flavors).map(([flavor, { permissions = {} }]) => ({
    contract: "acme.probe@1", flavor, aliases: [], description: "A probe", config: { type: "object" }, permissions: { hosts: [], files: [], processes: [], env: [], ...permissions },
  }));
  const manifest = { manifestVersion: 1, entry: "./index.mjs", core: ">=0.1.0 <1", components, pure: [], formats: [], contracts: [{ type: "acme.probe", accepts: [1], stability: "experimental" }] };
  write("package.json", JSON.stringify({ name: "acme-probe", version: "1.2.3", type: "module", dependencies: { "@mlstack/core": "*" }, mlstack: manifest }, null, 2));
  write("index.mjs", `${top}
import { definePlugin } from "@mlstack/core";
import { z } from "zod";
const any = z.looseObject({});
export default definePlugin({ name: "acme-probe", contracts: [{ type: "acme.probe", accepts: [1], stability: "experimental" }], components: [
${Object.entries(flavors).map(([flavor, { permissions, create = "", reach = "" }]) => `  { contract: "acme.probe@1", flavor: ${JSON.stringify(flavor)}, description: "A probe", config: any, permissions: ${JSON.stringify(permissions ?? {})}, async create(config, context) {
    ${create}
    return { contract: "acme.probe@1", async reach(value) {
      ${reach}
    } };
  } },`).join("\n")}
] });
`);
  write("conformance.mjs", conformance);
  symlinkSync(MODULES, join(dir, "node_modules"));
  return { dir, write, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A module with one target per flavor. It imports nothing: a list of such objects is all that the kit asks for. */
export function targetsOf(flavors: readonly string[], config = "{}", cases = REACHES): string {
  return `const suite = { contract: "acme.probe@1", cases: [${cases}], async within(subject, id, use) { return use({ probe: await subject.open(), subject, id }); }, lacks: () => undefined };
export default ${JSON.stringify(flavors)}.map((flavor) => ({ contract: "acme.probe@1", flavor, suite, start: (context) => ({ subject: { open: () => context.open(${config}), context } }) }));
`;
}

export const REACHES = `{ id: "reach", title: "It reaches for what it needs", clause: "A probe reaches.", async run({ probe }) { await probe.reach(); } }`;
