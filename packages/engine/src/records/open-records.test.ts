import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunStarted } from "../journal/events.ts";
import { foldEvents } from "./fold.ts";
import { backupOf, keepBackup, openRecords, suspectOf } from "./open-records.ts";
import { openToRead } from "./open-to-read.ts";
import { recordsOf } from "./records.ts";

let dir: string;
let path: string;
let said: string[];
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-restore-")); path = join(dir, "records.db"); said = []; });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });
const open = () => openRecords(path, "process", (message) => said.push(message));
const started = (run: string): RunStarted => ({
  kind: "run-started", run, time: 1, pipeline: "p", plan: "p1", params: {}, given: {}, stack: { name: "s", components: {}, plugins: {} }, bundle: null, versions: {}, project: "x", driver: { host: "h", pid: 1, born: "", journal: "direct" }, tags: [], lost: [], settings: { cache: "use", trustDomain: "shared", onFailure: "stop" },
});
/** Records with the first run in their copy, and the second in them alone. */
async function twoRuns(): Promise<void> {
  const db = await open();
  foldEvents(db, [started("r1")]);
  keepBackup(db, path, Date.now());
  foldEvents(db, [started("r2")]);
  // not an hour later: the copy stays
  keepBackup(db, path, Date.now());
  db.close();
}
const runs = async () => { const db = await open(); try { return (await db.kysely.selectFrom("runs").select("id").orderBy("id").execute()).map((r) => r.id); } finally { db.close(); } };

test("a value that was changed within the file is said to be damaged, wherever it is read", async () => {
  await twoRuns();
  const db = await open();
  db.raw.exec("update runs set params_json = '{\"a\"', tags_json = '[' where id = 'r1'");
  const records = recordsOf(db);
  await expect(records.run("r1")).rejects.toMatchObject({ code: "MLS5002", message: expect.stringMatching(/a value of (?:params|tags)_json is no JSON/) as string, fix: expect.stringContaining("records.db.backup") as string });
  await expect(records.runs({ tag: "x" })).rejects.toMatchObject({ code: "MLS5002" });
  expect((await records.run("r2")).id).toBe("r2");
  db.close();
});

test("a copy that was made while the clock was ahead does not keep the next one from being made", async () => {
  await twoRuns();
  const ahead = new Date(Date.now() + 30 * 24 * 3_600_000);
  utimesSync(backupOf(path), ahead, ahead);
  const db = await open();
  keepBackup(db, path, Date.now());
  db.close();
  expect(statSync(backupOf(path)).mtimeMs).toBeLessThan(Date.now() + 3_600_000);
});

describe("damaged records", () => {
  test.each([
    ["no database", () => { writeFileSync(path, "not a database, whatever it is called".repeat(100)); }], ["cut off", () => { writeFileSync(path, readFileSync(path).subarray(0, 5000)); }], ["empty", () => { writeFileSync(path, ""); }],
  ])("%s: their copy takes their place, what is damaged is kept, and it is said once", async (_, damage) => {
    await twoRuns();
    damage();
    for (const end of ["-wal", "-shm"]) rmSync(path + end, { force: true });
    expect(await runs().catch(async () => runs())).toEqual(["r1"]);
    expect(said).toEqual([expect.stringMatching(/^the records .*records\.db were damaged, and are restored from their copy of \d{4}-.*Z: runs after that are not in them; results are in the cache as before\. The damaged file is kept as .*records\.db\.damaged-/)]);
    expect(readdirSync(dir).filter((f) => f.includes(".damaged-"))).toHaveLength(1);
    expect(await runs()).toEqual(["r1"]);
    expect(said).toHaveLength(1);
  });

  test("pages that are met by chance: the command says so, the next one restores", async () => {
    const db = await open();
    for (let i = 0; i < 400; i++) foldEvents(db, [{ ...started(`r${String(i).padStart(4, "0")}`), params: { text: "x".repeat(200) } }]);
    keepBackup(db, path, Date.now());
    db.raw.exec("pragma wal_checkpoint(truncate)");
    db.close();
    const bytes = readFileSync(path);
    // all but the first pages, in which tables are described
    bytes.fill(0xa5, 4096 * 20);
    writeFileSync(path, bytes);
    const broken = await open();
    await expect(broken.kysely.selectFrom("runs").selectAll().execute()).rejects.toMatchObject({ code: "MLS5002", fix: "run again: they are restored from their last copy" });
    broken.close();
    expect([existsSync(suspectOf(path)), said]).toEqual([true, []]);
    expect(await runs()).toHaveLength(400);
    expect([existsSync(suspectOf(path)), said.length]).toEqual([false, 1]);
  });

  test("a suspicion that is wrong costs nothing but a look", async () => {
    await twoRuns();
    writeFileSync(suspectOf(path), "");
    expect([await runs(), said, existsSync(suspectOf(path))]).toEqual([["r1", "r2"], [], false]);
  });

  test("without a copy nothing is put aside", async () => {
    writeFileSync(path, "nothing".repeat(1000));
    await expect(open()).rejects.toMatchObject({ code: "MLS5002", fix: expect.stringContaining("move it away") as string });
    expect(readFileSync(path, "utf8")).toMatch(/^nothing/);
  });

  test("of several that meet them at once one restores, and all go on", async () => {
    await twoRuns();
    writeFileSync(path, "nothing".repeat(1000));
    const all = await Promise.all([open(), open(), open()]);
    for (const db of all) { expect(await recordsOf(db).runs({ limit: 5 })).toHaveLength(1); db.close(); }
    expect(said).toHaveLength(1);
  });

  test("who only looks restores them, too", async () => {
    await twoRuns();
    writeFileSync(path, "nothing".repeat(1000));
    const db = await openToRead(path, (message) => said.push(message));
    expect([(await recordsOf(db).runs({ limit: 5 })).map((r) => r.id), said.length]).toEqual([["r1"], 1]);
    db.close();
  });
});

test("a copy is made anew after an hour, and never of damaged records", async () => {
  await twoRuns();
  const before = statSync(backupOf(path)).ino;
  utimesSync(backupOf(path), new Date(), new Date(Date.now() - 3_700_000));
  const db = await open();
  keepBackup(db, path, Date.now());
  expect(statSync(backupOf(path)).ino).not.toBe(before);
  db.close();
  rmSync(path);
  writeFileSync(path, readFileSync(backupOf(path)));
  const copy = await open();
  expect(await recordsOf(copy).runs({ limit: 5 })).toHaveLength(2);
  copy.close();
});
