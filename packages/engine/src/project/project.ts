import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fsError } from "../local/fs-errors.ts";
import { makeStateFolder } from "../project-files/active-stack.ts";

/** The name of mlstack's own folder in a project. */
export const STATE_FOLDER = ".mlstack";

/** A project: the folder that holds its package.json, and mlstack's own folder in it. */
export interface Project {
  readonly dir: string;
  /** `.mlstack`, not in version control; `MLSTACK_STATE_DIR` puts it elsewhere. */
  readonly stateDir: string;
}

/** The nearest folder upward that has an mlstack.yaml or else a package.json; `from` itself when there is none. */
export function findProject(from: string, env: Readonly<Record<string, string | undefined>> = process.env): Project {
  const start = resolve(from);
  const upward = (name: string): string | undefined => {
    for (let at = start; ; at = dirname(at)) {
      if (existsSync(join(at, name))) return at;
      if (dirname(at) === at) return undefined;
    }
  };
  const dir = upward("mlstack.yaml") ?? upward("package.json") ?? start;
  return { dir, stateDir: stateDirOf(dir, env) };
}

/** The state folder of the project in a folder. */
export function stateDirOf(dir: string, env: Readonly<Record<string, string | undefined>>): string {
  const state = env["MLSTACK_STATE_DIR"];
  return state === undefined || state === "" ? join(dir, STATE_FOLDER) : resolve(state);
}

/** What names a project in shared stores, and the salt of its keyed hashes. Made once. */
export interface ProjectIdentity {
  readonly id: string;
  readonly envSalt: string;
}

/** For who only looks where nothing has run yet: what it is asked for, and mlstack.yaml does not say, is nobody's. */
export const nobodysIdentity = (declared: Partial<ProjectIdentity> = {}): ProjectIdentity => ({ ...made(), ...declared });

const made = (): ProjectIdentity => ({ id: crypto.randomUUID(), envSalt: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex") });

const identityPath = (project: Project): string => join(project.stateDir, "project.json");

function ownKnownIdentity(project: Project): ProjectIdentity | undefined {
  try { return JSON.parse(readFileSync(identityPath(project), "utf8")) as ProjectIdentity; } catch { return undefined; }
}

/** What names the project, where mlstack.yaml says it (`declared`) or it was made already. */
export function knownIdentity(project: Project, { id, envSalt }: Partial<ProjectIdentity> = {}): ProjectIdentity | undefined {
  if (id !== undefined && envSalt !== undefined) return { id, envSalt };
  const own = ownKnownIdentity(project);
  return own === undefined ? undefined : { id: id ?? own.id, envSalt: envSalt ?? own.envSalt };
}

/**
 * What mlstack.yaml says (`declared`); what it does not say is made once, and kept in the state folder.
 *
 * @throws MLS3004, MLS3005 when the state folder can't be written
 */
export function projectIdentity(project: Project, declared: Partial<ProjectIdentity> = {}): ProjectIdentity {
  const { id, envSalt } = declared;
  if (id !== undefined && envSalt !== undefined) return { id, envSalt };
  const own = ownIdentity(project);
  return { id: id ?? own.id, envSalt: envSalt ?? own.envSalt };
}

function ownIdentity(project: Project): ProjectIdentity {
  const path = identityPath(project);
  const found = ownKnownIdentity(project);
  if (found !== undefined) return found;
  const partial = `${path}.${process.pid}`;
  try {
    makeStateFolder(project);
    writeFileSync(partial, `${JSON.stringify(made(), null, 2)}\n`);
    // two first runs at once: one of them makes it
    try { linkSync(partial, path); } catch (e) { if ((e as { code?: string }).code !== "EEXIST") throw e; } finally { rmSync(partial, { force: true }); }
  } catch (e) { throw fsError(e, "writing", project.stateDir); }
  return knownIdentity(project)!;
}
