import { relative } from "node:path";
import { CreateError } from "./create-error.ts";
import { planOf, readArguments } from "./answers.ts";
import { createPlugin } from "./create-plugin.ts";
import { install, packageManager } from "./package-manager.ts";
import { PLUGIN_TYPES } from "./plugin-types.ts";
import { Cancelled, terminalQuestions } from "./questions.ts";
import { LICENSES, ownPackage } from "./templates.ts";

const HELP = `Usage: npm create mlstack-plugin [FOLDER] -- [options]

Makes a plugin for mlstack: a small implementation that passes its conformance suite, to be replaced by yours piece by piece.
At a terminal it asks for what is not given.

Options:
      --type TYPE            what the plugin brings; see below
      --flavor NAME          the word in a stack file's type; of a format, the beginning of its id
      --package NAME         the npm package's name (default: mlstack-plugin-FLAVOR)
      --component-type ID    with --type component_type: the id of your own type, such as acme.vector_index
      --author NAME          of package.json, and with --license MIT of the copyright in LICENSE
      --license ID           ${LICENSES.join(" or ")} (default: ${LICENSES[0]!})
      --repository URL       where the sources will be: git+https://...
      --install              installs what it needs, too
  -y, --yes                  asks for nothing that has a default
  -V, --version              prints the version
  -h, --help                 prints this

Types:
${Object.entries(PLUGIN_TYPES).map(([name, text]) => `  ${name.padEnd(20)} ${text}`).join("\n")}

Example:
  npm create mlstack-plugin mlstack-plugin-acme -- --type artifact_store --flavor acme -y
`;

/** Runs the program. @returns the exit code: 0 made, 1 made but not installed, 2 not understood or refused, 130 interrupted */
export async function main(argv: readonly string[], env: Readonly<Record<string, string | undefined>> = process.env): Promise<number> {
  try {
    const given = readArguments(argv);
    if (given.help) { process.stdout.write(HELP); return 0; }
    if (given.version) { process.stdout.write(`${ownPackage().version}\n`); return 0; }
    const questions = process.stdin.isTTY && process.stderr.isTTY ? terminalQuestions() : undefined;
    let plan;
    try { plan = await planOf(given, questions); } finally { questions?.close(); }
    const { folder, files } = createPlugin(plan);
    const manager = packageManager(env);
    process.stdout.write(`${folder} is a plugin: ${plan.package}, with ${files.length} files\n`);
    const isInstalled = given.install && await install(manager, folder);
    const way = relative(process.cwd(), folder);
    const steps = [...(way === "" ? [] : [`cd ${/^[\w./\\-]+$/.test(way) ? way : JSON.stringify(way)}`]), ...(isInstalled ? [] : [manager.install]), ...["build", "test", "conformance", "check"].map((script) => manager.run(script))];
    process.stderr.write(`\nnext\n${steps.map((step) => `  ${step}\n`).join("")}`);
    if (given.install && !isInstalled) { process.stderr.write(`\n${manager.install} has failed: see above\n`); return 1; }
    return 0;
  } catch (e) {
    if (e instanceof Cancelled) { process.stderr.write(`${e.message}\n`); return 130; }
    if (e instanceof CreateError) { process.stderr.write(`error ${e.code}  ${e.message}\n${e.why === undefined ? "" : `  why   ${e.why}\n`}  fix   ${e.fix}\n`); return 2; }
    const { code, message } = e as NodeJS.ErrnoException;
    // of the file system: no space, no right
    if (code === undefined) throw e;
    process.stderr.write(`error  ${message}\n`);
    return 1;
  }
}
