#!/usr/bin/env node
// Committed rather than built: npm links a bin only if its file exists at install time.
import { existsSync, readFileSync, realpathSync } from "node:fs";
import * as module from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { version, engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const [major, minor] = process.versions.node.split(".").map(Number);
const args = process.argv.slice(2);
const own = projectsOwn();

if (own !== undefined) {
  await import(pathToFileURL(own).href);
} else if ((args[0] === "--version" || args[0] === "-V") && args.length === 1) {
  // Answered before anything else is imported: editors and scripts ask for it often.
  console.log(version);
} else if (!(major >= 26 || (major === 24 && minor >= 11) || (major === 22 && minor >= 19))) {
  // the versions of engines.node; a test compares the two
  console.error(`mlstack: this is Node ${process.versions.node}, mlstack needs ${engines.node}`);
  process.exitCode = 1;
} else {
  module.enableCompileCache?.();
  await import("../dist/bin.js");
}

/**
 * The bin of the mlstack that the project has installed, where this is another one, as a global install is: what modules import and what runs them
 * is the same then. Orchestrators say which one runs a step, and nothing of a folder runs because somebody types there.
 */
function projectsOwn() {
  if (["step", "driver", "__complete"].includes(args[0])) return undefined;
  const at = args.findIndex((a) => a === "--cwd" || a.startsWith("--cwd="));
  const given = at === -1 ? "." : args[at] === "--cwd" ? (args[at + 1] ?? ".") : args[at].slice("--cwd=".length);
  for (let folder = resolve(given); ; folder = dirname(folder)) {
    const found = join(folder, "node_modules", "mlstack");
    if (existsSync(join(found, "package.json"))) {
      // one that can't be read, or is none, is not taken
      try {
        const { name, bin } = JSON.parse(readFileSync(join(found, "package.json"), "utf8"));
        const path = realpathSync(join(found, typeof bin === "string" ? bin : bin.mlstack));
        return name !== "mlstack" || path === realpathSync(import.meta.filename) ? undefined : path;
      } catch { return undefined; }
    }
    if (dirname(folder) === folder) return undefined;
  }
}
