// npm run clauses [-- --check]: writes docs/plugins/clauses.md from the suites, the known-bads and the contracts, or compares it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../bootstrap/install.mjs";
import { problemsOf } from "./clauses.ts";
import { KITS } from "./kits.ts";
import { LEFT_OUT } from "./left-out.ts";
import { CLAUSES_PAGE, clausesPage, sourceOf } from "./page.ts";

const file = join(root, CLAUSES_PAGE);
const page = clausesPage();
const problems = KITS.flatMap((kit) => problemsOf(kit, sourceOf(kit), LEFT_OUT[kit.suite.contract] ?? []));
for (const one of problems) console.error(one);
if (problems.length > 0) process.exitCode = 1;
if (!existsSync(file) || readFileSync(file, "utf8") !== page) {
  if (process.argv.includes("--check")) {
    console.error(`${CLAUSES_PAGE} is not what the suites and the known-bads say; run npm run clauses`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, page);
    console.log(`${CLAUSES_PAGE} written`);
  }
}
