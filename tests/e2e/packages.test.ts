import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const packages = join(import.meta.dirname, "..", "..", "packages");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
}

const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(packages, folder, "package.json"), "utf8")) as Manifest;
const published = readdirSync(packages).filter((folder) => existsSync(join(packages, folder, "package.json")) && manifestOf(folder).private !== true);

/** The files that `npm publish` would upload. */
function tarballFiles(folder: string): string[] {
  const windows = process.platform === "win32";
  const output = execFileSync(windows ? "npm.cmd" : "npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: join(packages, folder),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    shell: windows,
  });
  const [tarball] = JSON.parse(output) as { files: { path: string }[] }[];
  return (tarball?.files ?? []).map(({ path }) => path);
}

describe.each(published)("the tarball of packages/%s", (folder) => {
  const files = tarballFiles(folder);

  // a package of data has what it exports
  const exported = Object.values(manifestOf(folder).exports ?? {}).filter((target) => typeof target === "string").map((target) => target.replace("./", ""));
  const isData = exported.length === Object.keys(manifestOf(folder).exports ?? {}).length;
  it(`has ${isData ? "its data" : "code, types, source"} and the legal text`, () => {
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json", ...(isData ? exported : ["dist/index.d.ts", "dist/index.js", "src/index.ts"])]));
  });

  it("has no tests", () => {
    // the tests of what is made from a template are its data
    expect(files.filter((file) => /\.test(-d)?\.|\/(testing|fixtures)\//.test(file) && !file.startsWith("templates/"))).toEqual([]);
  });
});

describe("the bin", () => {
  const bin = join(packages, "cli", "bin", "mlstack.js");

  it.each(["--version", "-V"])("answers %s with the package's version", (flag) => {
    expect(execFileSync(process.execPath, [bin, flag], { encoding: "utf8" })).toBe(`${manifestOf("cli").version}\n`);
  });
});
