import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { satisfies } from "semver";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isSupported, root } from "./install.mjs";
import { withLock } from "./lock.mjs";

const run = promisify(execFile);
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlstack-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function deadProcessId(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

describe("withLock", () => {
  it("lets one process in at a time", async () => {
    const file = join(folder, "count");
    writeFileSync(file, "0");
    // Reads, dawdles, writes: an update is lost as soon as two of them overlap.
    const program = `
      import { readFileSync, writeFileSync } from "node:fs";
      import { withLock } from ${JSON.stringify(pathToFileURL(join(root, "scripts/bootstrap/lock.mjs")).href)};
      withLock(${JSON.stringify(join(folder, "lock"))}, () => {}, () => {
        const count = Number(readFileSync(${JSON.stringify(file)}, "utf8"));
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
        writeFileSync(${JSON.stringify(file)}, String(count + 1));
      });`;
    await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, ["--input-type=module", "-e", program])));
    expect(readFileSync(file, "utf8")).toBe("4");
  }, 30_000);

  it("takes over from a process that died", () => {
    writeFileSync(join(folder, "lock"), String(deadProcessId()));
    let ran = false;
    withLock(join(folder, "lock"), () => {}, () => {
      ran = true;
    });
    expect(ran).toBe(true);
  });

  it("leaves nothing behind, also when the work fails", () => {
    const fail = (): void => {
      throw new Error("no network");
    };
    expect(() => withLock(join(folder, "lock"), () => {}, fail)).toThrow("no network");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("isSupported", () => {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { engines: { node: string } };

  it.each(["18.0.0", "20.20.2", "22.17.9", "22.19.0", "22.23.3", "23.11.0", "24.10.9", "24.11.0", "24.21.0", "25.3.0", "26.0.0", "28.1.0"])(
    "says of Node %s what engines says",
    (version) => {
      expect(isSupported(`v${version}`)).toBe(satisfies(version, engines.node));
    },
  );
});
