// Under every package manager: a folder of the workspace in the place of a package that was installed from a registry.
import { realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MANAGERS } from "./servers/package-managers.ts";
import { managedProject } from "./testing/managed-project.ts";
import { startRegistry, type TestRegistry } from "./testing/registry.ts";
import { SAMPLE } from "./testing/sample-packages.ts";

const NAME = "@acme/plugin";
let registry: TestRegistry;
beforeAll(async () => { registry = await startRegistry(...SAMPLE); });
afterAll(async () => { await registry.close(); });

describe.each(MANAGERS.map((manager) => [manager.id, manager] as const))("%s", (_, manager) => {
  test("a folder of the workspace takes the place of a published package", async () => {
    const pnpm = manager.program === "pnpm" && { "pnpm-workspace.yaml": "packages: ['packages/*']\nonlyBuiltDependencies: []\nallowBuilds: { scripted: false }\n" };
    const p = await managedProject({ manager, registry: registry.url, files: { "package.json": '{ "name": "app", "version": "0.0.0", "private": true, "workspaces": ["packages/*"] }', ...pnpm } });
    const m = await p.manager();
    await m.add([{ name: NAME, spec: "1.2.0" }], p.options());
    const [published, installed] = [await m.subtree(NAME), join(p.dir, "node_modules", NAME)];
    expect(realpathSync(installed)).toContain("node_modules");

    // the very version, too: whose it is does not follow from that
    p.write({ "packages/plugin/package.json": `{ "name": "${NAME}", "version": "1.2.0", "dependencies": { "right": "^1.0.0" } }\n` });
    await m.remove([NAME], p.options());
    await m.add([{ name: NAME, spec: "workspace:1.2.0" }], p.options());
    expect(realpathSync(installed)).toBe(join(p.dir, "packages", "plugin"));
    const tree = await m.subtree(NAME);
    expect([tree.root, tree.edges.filter(({ from }) => from === tree.root).map(({ as }) => as)]).toEqual([`${NAME}@workspace`, ["right"]]);
    await m.install({ ...p.options(), frozen: true });
    expect(realpathSync(installed)).toBe(join(p.dir, "packages", "plugin"));

    // and back, once the folder is gone
    await m.remove([NAME], p.options());
    rmSync(join(p.dir, "packages"), { recursive: true });
    await m.add([{ name: NAME, spec: "1.2.0" }], p.options());
    expect(realpathSync(installed)).toContain("node_modules");
    expect((await m.subtree(NAME)).digest).toBe(published.digest);
  });
});
