#!/usr/bin/env node
// Committed rather than built: npm links a bin only if its file exists at install time.
import { readFileSync } from "node:fs";
import * as module from "node:module";

const { version, engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const [major, minor] = process.versions.node.split(".").map(Number);
const [first, ...others] = process.argv.slice(2);

if ((first === "--version" || first === "-V") && others.length === 0) {
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
