import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { z } from "zod";
import { bytesOf, replaceFile, writeDurably } from "../files/replace-file.ts";

/** How many changes can be taken back. */
export const KEPT = 20;

/**
 * What a change of a project's plugins writes: the project's package.json, the lock of the package manager, `mlstack.lock`. What is installed
 * follows from these.
 */
export interface TouchedFiles {
  /** Absolute; generations lie in `hub/generations` in it. */
  readonly stateDir: string;
  /** Paths of files, absolute, by a name that stays when the project is moved. One that is not there is remembered as that. */
  readonly files: Readonly<Record<string, string>>;
  /** The folder of what is installed, absolute. */
  readonly modulesDir: string;
}

/** The files as they were before a change. */
export interface Generation {
  /** Counts up from 1. */
  readonly id: number;
  /** What the change is, in words: `install s3@1.2.0`. */
  readonly change: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Name → sha256 of the file's bytes, or null where there was none. */
  readonly files: Readonly<Record<string, string | null>>;
  /** Whether there was a folder of what is installed. */
  readonly modules: boolean;
}

const document = z.object({ generationVersion: z.literal(1), id: z.int().positive(), change: z.string(), at: z.number(), files: z.record(z.string(), z.string().nullable()), modules: z.boolean() });
const FOLDER = /^\d{6,}$/;

export interface Generations {
  /** The newest first. */
  list(): readonly Generation[];
  /** The id of the next one to be kept. */
  next(): number;
  /** Keeps the files as they are. Nothing is there, or all of it, whenever this process ends. */
  keep(id: number, change: string, at: number): Generation;
  /**
   * Puts the files back, each as a whole.
   *
   * @throws MLS8501 when what was kept is not what it was
   */
  restore(generation: Generation): void;
  /** One that is not there is forgotten already. */
  forget(id: number): void;
  /** Whether the files are still as they were kept. */
  isCurrent(generation: Generation): boolean;
}

export function generations(touched: TouchedFiles): Generations {
  const root = join(touched.stateDir, "hub", "generations");
  const folderOf = (id: number): string => join(root, String(id).padStart(6, "0"));

  function list(): readonly Generation[] {
    return names().flatMap((name): Generation[] => {
      // one of a newer version, or that was cut short, is no place to go back to
      try { return [document.parse(JSON.parse(readFileSync(join(root, name, "generation.json"), "utf8")))]; } catch { return []; }
    }).toSorted((a, b) => b.id - a.id);
  }

  const names = (): string[] => (existsSync(root) ? readdirSync(root).filter((n) => FOLDER.test(n)) : []);
  const next = (): number => Math.max(0, ...names().map(Number)) + 1;

  function keep(id: number, change: string, at: number): Generation {
    mkdirSync(root, { recursive: true });
    const partial = join(root, `.partial-${process.pid}`);
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial);
    const files: Record<string, string | null> = {};
    for (const [name, path] of Object.entries(touched.files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const bytes = bytesOf(path);
      files[name] = bytes === undefined ? null : digestOf(bytes);
      if (bytes !== undefined) writeDurably(join(partial, digestOf(bytes)), bytes);
    }
    const generation: Generation = { id, change, at, files, modules: existsSync(touched.modulesDir) };
    writeDurably(join(partial, "generation.json"), Buffer.from(`${JSON.stringify({ generationVersion: 1, ...generation }, null, 2)}\n`));
    renameSync(partial, folderOf(id));
    for (const old of list().slice(KEPT)) forget(old.id);
    return generation;
  }

  function restore({ id, files }: Generation): void {
    // all is looked at before anything is written
    const contents = Object.entries(files).map(([name, digest]) => {
      const path = touched.files[name];
      if (path === undefined) throw damaged(id, `it holds ${name}, which is no file of this project`);
      if (digest === null) return { path, bytes: undefined };
      const bytes = bytesOf(join(folderOf(id), digest));
      if (bytes === undefined || digestOf(bytes) !== digest) throw damaged(id, `its copy of ${name} ${bytes === undefined ? "is gone" : "was changed"}`);
      return { path, bytes };
    });
    for (const { path, bytes } of contents) if (bytes === undefined) rmSync(path, { force: true }); else replaceFile(path, bytes);
  }

  const forget = (id: number): void => { rmSync(folderOf(id), { recursive: true, force: true }); };
  const isCurrent = ({ files }: Generation): boolean => Object.entries(files).every(([name, digest]) => {
    const bytes = touched.files[name] === undefined ? undefined : bytesOf(touched.files[name]);
    return digest === (bytes === undefined ? null : digestOf(bytes));
  });
  return { list, next, keep, restore, forget, isCurrent };
}

const damaged = (id: number, why: string): MlstackError => new MlstackError("MLS8501", `generation ${id} of the plugins can't be gone back to`, { why, fix: "take package.json, the package manager's lock and mlstack.lock from your version control, and install" });

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
