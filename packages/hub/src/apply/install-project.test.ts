import { afterEach, beforeEach, expect, test } from "vitest";
import { MlstackError } from "@mlstack/core/errors";
import { hubProject, type HubProject } from "../testing/hub-project.ts";
import { pendingChange } from "./change.ts";
import { installProject, recoverProject, type ProjectChange } from "./project-change.ts";

let p: HubProject;
beforeEach(async () => { p = await hubProject(); });
afterEach(async () => { await p.stop(); });
const project = (install: () => Promise<void>): ProjectChange => ({
  projectDir: p.dir, stateDir: p.stateDir, manager: { ...p.manager, install }, offline: false, registryUrl: p.server.url, signal: new AbortController().signal, output: () => undefined, now: () => 1,
  recovered: (what) => { throw new Error(`nothing was interrupted: ${what}`); },
});

test("files that do not fit each other are refused once: nothing stays to be taken back, which would undo what their user mends", async () => {
  let asked = 0;
  const refusing = project(async () => { asked++; throw new MlstackError("MLS8302", "npm's lock does not fit package.json", {}); });
  await expect(installProject(refusing, true)).rejects.toMatchObject({ code: "MLS8302" });
  expect([asked, pendingChange(p.stateDir)]).toEqual([1, undefined]);
  p.folder.put({ "project/package.json": '{ "name": "mended" }' });
  await recoverProject(refusing);
  await installProject(project(async () => undefined), true);
  expect(p.text("package.json")).toBe('{ "name": "mended" }');
});

test("a package manager that is not there has changed nothing: nothing stays to be taken back", async () => {
  const missing = project(async () => { throw new MlstackError("MLS8301", "pnpm is not installed", {}); });
  await expect(installProject(missing, false)).rejects.toMatchObject({ code: "MLS8301" });
  expect(pendingChange(p.stateDir)).toBeUndefined();
});
