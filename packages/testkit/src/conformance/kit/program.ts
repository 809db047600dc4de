import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The path of a program of this package: as source where this module is. @param name such as `conformance/run/kit-main` */
export function programOf(name: string): string {
  const dir = dirname(createRequire(import.meta.url).resolve("@mlstack/testkit/package.json"));
  return import.meta.url.endsWith(".ts") ? join(dir, "src", `${name}.ts`) : join(dir, "dist", `${name}.js`);
}
