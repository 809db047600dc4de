// Processes that are killed at any moment while they install or upgrade: what the next command finds is the old state or the new one, in every byte.
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MANAGERS } from "./servers/package-managers.ts";
import { startVerdaccio, type Verdaccio } from "./servers/verdaccio.ts";
import { OURS, publishAll, THEIRS } from "./testing/hub-packages.ts";
import { hubProject, installedFiles, type HubProject } from "./testing/hub-project.ts";

/** How often each of both commands is killed under each manager. */
const ROUNDS = Number(process.env["MLSTACK_KILL_ROUNDS"] ?? 3);
const SEED = Number(process.env["MLSTACK_KILL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const KILLED = MANAGERS.filter(({ id }) => (process.env["MLSTACK_KILL_MANAGERS"] ?? "npm 11,pnpm 12,yarn 4,bun 1").split(",").includes(id));

let verdaccio: Verdaccio;
beforeAll(async () => {
  verdaccio = await startVerdaccio();
  await publishAll(verdaccio);
});
afterAll(() => verdaccio.stop());

/** Numbers from 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The files that say what the project has, and every file of what is installed; what managers note for themselves is left aside. */
async function stateOf(p: HubProject): Promise<object> {
  const m = await p.manager();
  const files = Object.fromEntries([...m.files, join(p.dir, "mlstack.lock")].map((path) => [relative(p.dir, path), p.text(relative(p.dir, path))]));
  return { files, installed: installedFiles(join(p.dir, "node_modules")) };
}

/** What the next command warns of. */
const integration = async (p: HubProject, ...args: readonly string[]): Promise<readonly string[]> => {
  const { code, warnings, error } = await p.answer(["integration", ...args]);
  expect(code, JSON.stringify(error, undefined, 2)).toBe(0);
  return warnings;
};

test.each(KILLED.map((manager) => [manager.id, manager] as const))("%s: killed at any moment, an installation and an upgrade leave the old state or the new one", async (id, manager) => {
  const random = randomOf(SEED + MANAGERS.indexOf(manager));
  const p = await hubProject({ manager, registry: verdaccio.url, files: { "package.json": '{ "name": "app", "version": "0.0.0", "private": true, "type": "module" }' } });
  await integration(p, "install", `${OURS}@0.1.0`, "-y");
  const tally = { old: 0, new: 0, taken: 0 };

  for (const command of [["install", `${THEIRS}@1.0.0`, "-y"], ["upgrade", "-y", "--allow-permissions", THEIRS]]) {
    const before = await stateOf(p);
    const measured = watched(p, command);
    expect(await measured.ended).toBe(0);
    const after = await stateOf(p);
    const { began, lasted } = measured.times();
    for (let round = 0; round < ROUNDS; round++) {
      await integration(p, "rollback", "-y");
      expect(await stateOf(p), `seed ${SEED}: after a rollback`).toEqual(before);
      // mostly while something is done: before that is the longest part, and there is nothing to take back
      const [early, both, share] = [random() < 0.25, random() < 0.5, random()];
      const moment = early ? share * began : share * (lasted - began);
      const where = `seed ${SEED}, ${command[0]} ${round}, killed ${Math.round(moment)} ms after ${early ? "the start" : "the change began"}${both ? " with the package manager" : ""}`;
      const running = watched(p, command);
      if (!early) await running.began;
      await Promise.race([wait(moment), running.ended]);
      running.kill();
      await running.ended;
      if (both) killManager(p);

      // it has nothing to change, whichever state it is
      const warnings = await integration(p, "install", OURS, "-y").catch((e: unknown) => { throw new Error(where, { cause: e }); });
      const found = await stateOf(p);
      const isNew = JSON.stringify(found) === JSON.stringify(after);
      expect(found, where).toEqual(isNew ? after : before);
      await integration(p, "verify", "--deep");
      tally[isNew ? "new" : "old"]++;
      if (warnings.some((warning) => warning.includes("was taken back"))) tally.taken++;
      if (!isNew) await integration(p, ...command);
      expect(await stateOf(p), `${where}, then done again`).toEqual(after);
    }
  }
  console.log(`${id}: killed ${2 * ROUNDS} times (seed ${SEED}): the old state ${tally.old} times, ${tally.taken} of them taken back; the new one ${tally.new} times`);
}, 900_000);

/** Runs a command, and sees when it begins to change the project: then it notes that. */
function watched(p: HubProject, command: readonly string[]) {
  const [child, start] = [p.start(["integration", ...command]), performance.now()];
  const ended = once(child, "exit").then(([code]) => { lasted = performance.now() - start; return code as number | null; });
  let [change, lasted] = [0, 0];
  const began = (async () => {
    const pending = join(p.dir, ".mlstack", "hub", "pending.json");
    while (!existsSync(pending) && child.exitCode === null && child.signalCode === null) await new Promise((done) => { setImmediate(done); });
    change = performance.now() - start;
  })();
  return { ended, began, kill: () => child.kill("SIGKILL"), times: () => ({ began: change, lasted }) };
}

/** Ends what the killed process has started, as when the machine goes down. */
function killManager(p: HubProject): void {
  try {
    const { pid } = JSON.parse(readFileSync(join(p.dir, ".mlstack", "hub", "manager.json"), "utf8")) as { readonly pid: number };
    process.kill(-pid, "SIGKILL");
  } catch { /* none was at work */ }
}
