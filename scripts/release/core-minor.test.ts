import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../bootstrap/install.mjs";
import { isPlugin, isPublished, openRepo, type Manifest } from "../repo-check/repo.ts";

/** Runs `changeset version` on a copy of this workspace's manifests, with a minor of core as the only change. */
function versionAfterCoreMinor(copy: string): ReadonlyMap<string, Manifest> {
  const { workspaces } = openRepo(root);
  for (const file of ["package.json", ".changeset/config.json", ...workspaces.map(({ folder }) => `${folder}/package.json`)]) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  // changesets recognises the package manager by its lock file.
  writeFileSync(join(copy, "package-lock.json"), "{}");
  writeFileSync(join(copy, ".changeset", "core.md"), '---\n"@mlstack/core": minor\n---\n\nA new contract member.\n');
  const git = (...args: string[]): unknown =>
    execFileSync("git", ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", ...args], { cwd: copy });
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-q", "-m", "start");
  const bin = createRequire(import.meta.url).resolve("@changesets/cli/bin.js");
  execFileSync(process.execPath, [bin, "version"], { cwd: copy, stdio: "pipe" });
  return new Map(workspaces.map(({ folder }) => [folder, JSON.parse(readFileSync(join(copy, folder, "package.json"), "utf8")) as Manifest]));
}

const { workspaces } = openRepo(root);
const published = workspaces.filter(isPublished);
const major = (version: string | undefined): string | undefined => version?.split(".")[0];

describe("a minor of core", () => {
  const copy = mkdtempSync(join(tmpdir(), "mlstack-release-"));
  let after: ReadonlyMap<string, Manifest> = new Map();

  beforeAll(() => {
    after = versionAfterCoreMinor(copy);
  }, 30_000);
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it("raises core by a minor", () => {
    const before = workspaces.find(({ folder }) => folder === "packages/core")?.manifest.version?.split(".") ?? [];
    expect(after.get("packages/core")?.version).toBe(`${before[0]}.${Number(before[1]) + 1}.0`);
  });

  it.each(published)("forces no major on $manifest.name", ({ folder, manifest }) => {
    expect(major(after.get(folder)?.version)).toBe(major(manifest.version));
  });

  it.each(published.filter(isPlugin))("leaves the version and the peer range of $manifest.name as they are", ({ folder, manifest }) => {
    expect(after.get(folder)?.version).toBe(manifest.version);
    expect(after.get(folder)?.peerDependencies).toEqual(manifest.peerDependencies);
  });
});
