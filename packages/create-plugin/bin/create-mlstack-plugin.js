#!/usr/bin/env node
// Committed rather than built: npm links a bin only if its file exists at install time.
import { readFileSync } from "node:fs";

const { engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const [major, minor] = process.versions.node.split(".").map(Number);

if (!(major >= 26 || (major === 24 && minor >= 11) || (major === 22 && minor >= 19))) {
  // the versions of engines.node, which are those of a plugin, too
  console.error(`create-mlstack-plugin: this is Node ${process.versions.node}, plugins of mlstack need ${engines.node}`);
  process.exitCode = 1;
} else {
  await import("../dist/bin.js");
}
