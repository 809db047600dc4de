import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelDeployer } from "@mlstack/core";
import plugin from "@mlstack/engine/plugin";
import { deployerCases } from "./suite/cases.ts";
import { request, testModel } from "./suite/models.ts";

const WAIT_MS = 120_000;
let dir: string;
const open = async (config: object = {}): Promise<ModelDeployer> => {
  const found = plugin.components.find((c) => c.contract === "model_deployer@1")!;
  return (await found.create(found.config.parse(config), { name: "d", projectDir: dir, stateDir: join(dir, ".mlstack") })) as ModelDeployer;
};
beforeAll(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-deployer-"))); });
afterAll(async () => {
  const d = await open();
  for await (const { name } of d.list()) await d.delete(name);
  rmSync(dir, { recursive: true, force: true });
});

describe("model_deployer@1 by processes of this machine", () => {
  it.for(deployerCases.map((one, n) => [one.id, one, n] as const))("%s", { timeout: 3 * WAIT_MS }, async ([, one, n]) => {
    const name = `case-${n}`;
    try { await one.run({ open, name, waitMs: WAIT_MS }); } finally { await (await open()).delete(name); }
  });

  it("a port that another program has taken meanwhile is said by its number, and nothing is started", { timeout: WAIT_MS }, async () => {
    const d = await open();
    const { url } = await d.deploy({ name: "port", ...testModel({ factor: 2 }), waitMs: WAIT_MS });
    await d.stop("port");
    const port = Number(new URL(url).port);
    const squatter = createServer((_, response) => response.end("not a deployment"));
    await new Promise<void>((done) => { squatter.listen(port, "127.0.0.1", done); });
    try {
      for (const call of [async () => d.start!("port"), async () => d.deploy({ name: "port", ...testModel({ factor: 2 }), waitMs: WAIT_MS })]) {
        await expect(call()).rejects.toMatchObject({ code: "MLS6003", details: { reason: "conflict", port } });
      }
      await expect(d.get("port")).resolves.toMatchObject({ state: "stopped", url });
    } finally { await new Promise((done) => { squatter.close(done); squatter.closeAllConnections(); }); }
    await expect(d.start!("port")).resolves.toMatchObject({ state: "ready", url });
    await d.delete("port");
  });

  it("a port is the one that is configured", { timeout: WAIT_MS }, async () => {
    const squatter = createServer();
    await new Promise<void>((done) => { squatter.listen(0, "127.0.0.1", done); });
    const { port } = squatter.address() as { port: number };
    const d = await open({ port });
    await expect(d.deploy({ name: "fixed", ...testModel({ factor: 2 }), waitMs: WAIT_MS })).rejects.toMatchObject({ details: { reason: "conflict" } });
    expect(await d.get("fixed")).toBeUndefined();
    await new Promise((done) => { squatter.close(done); });
    await expect(d.deploy({ name: "fixed", ...testModel({ factor: 2 }), waitMs: WAIT_MS })).resolves.toMatchObject({ url: `http://127.0.0.1:${port}` });
    await d.delete("fixed");
  });

  it("keeps its token to itself", { timeout: WAIT_MS }, async () => {
    const d = await open();
    const made = await d.deploy({ name: "token", ...testModel({ factor: 2 }), waitMs: WAIT_MS });
    const { token } = JSON.parse(readFileSync(join(dir, ".mlstack", "deployments", "token", "deployment.json"), "utf8")) as { token: string };
    expect(token.length).toBeGreaterThan(20);
    if (process.platform !== "win32") expect(statSync(join(dir, ".mlstack", "deployments", "token", "deployment.json")).mode & 0o077).toBe(0);
    expect(JSON.stringify(made)).not.toContain(token);
    for (const authorization of [undefined, "Bearer x", `Bearer ${token}x`]) {
      const answer = await fetch(`${made.url}/admin`, { method: "DELETE", headers: authorization === undefined ? {} : { authorization } });
      expect(answer.status).toBe(401);
    }
    expect((await d.infer("token", request(1))).outputs[0]!.data).toEqual([2]);
    await d.delete("token");
  });
});
