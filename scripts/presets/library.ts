import { existsSync } from "node:fs";
import { defineConfig, type Options } from "tsup";
import { entriesOf } from "./workspaces.ts";

/** How every package is built: ES modules from the entries of its exports map. tsc writes the declarations. */
export function library(options: Options = {}): ReturnType<typeof defineConfig> {
  const program = existsSync("src/bin.ts") ? ["src/bin.ts"] : [];
  return defineConfig({
    entry: [...entriesOf(process.cwd()).map(({ source }) => source), ...program],
    format: ["esm"],
    target: "node22",
    tsconfig: "tsconfig.build.json",
    dts: false,
    clean: true,
    sourcemap: true,
    // some built-in modules, such as node:sqlite, have no name without the prefix
    removeNodeProtocol: false,
    silent: true,
    ...options,
  });
}
