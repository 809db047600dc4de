import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { z } from "zod";
import { bytesOf, replaceFile, writeDurably } from "../files/replace-file.ts";

/** How many changes of each package can be taken back. */
export const KEPT = 20;

/** Where changes are kept, and from where their files are named. */
export interface ChangePlace {
  /** Absolute; changes lie in `hub` in it. */
  readonly stateDir: string;
  /** The root of the workspace, or the project's own folder. Absolute, with links resolved. */
  readonly rootDir: string;
}

/**
 * What a change of a project's plugins writes: the project's package.json, the lock of the package manager, `mlstack.lock`. What is installed
 * follows from these.
 */
export interface TouchedFiles extends ChangePlace {
  /** The project's folder as seen from the root, with `/`: `packages/a`, or `.` for the root itself. */
  readonly project: string;
  /** Paths as seen from the root, with `/`: they stay when it is moved. A file that is not there is remembered as that. */
  readonly files: readonly string[];
  /** The folder of what is installed, absolute. */
  readonly modulesDir: string;
}

/** The files as they were before a change. */
export interface Generation {
  /** Counts up from 1. */
  readonly id: number;
  /** What the change is, in words: `install s3@1.2.0`. */
  readonly change: string;
  /** Of which package it was: as `TouchedFiles.project`. */
  readonly project: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Path as seen from the root → sha256 of the file's bytes, or null where there was none. */
  readonly files: Readonly<Record<string, string | null>>;
  /** Whether there was a folder of what is installed. */
  readonly modules: boolean;
}

const document = z.object({ generationVersion: z.literal(1), id: z.int().positive(), change: z.string(), project: z.string(), at: z.number(), files: z.record(z.string(), z.string().nullable()), modules: z.boolean() });
const FOLDER = /^\d{6,}$/;

/** A change in words, and where it was made, unless at the root. */
export const changeName = ({ change, project }: Pick<Generation, "change" | "project">): string => (project === "." ? change : `${change} (in ${project})`);

/**
 * What a change of plugins may touch: a few files of the root, and of the package that it was of. State folders are read as they are found, and must not
 * lead anywhere else.
 */
function isTouched(name: string, project: string): boolean {
  const [folder, file] = name.includes("/") ? [posix.dirname(name), posix.basename(name)] : [".", name];
  const isBelow = project === "." || project.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !part.includes("\\"));
  return isBelow && (folder === "." || folder === project) && TOUCHED.test(file);
}
const TOUCHED = /^(?:package\.json|npm-shrinkwrap\.json|package-lock\.json|pnpm-lock\.yaml|pnpm-workspace\.yaml|yarn\.lock|bun\.lockb?|mlstack\.lock)$/;

export interface Generations {
  /** The newest first. */
  list(): readonly Generation[];
  /** The id of the next one to be kept. */
  next(): number;
  /** Keeps the files as they are. Nothing is there, or all of it, whenever this process ends. */
  keep(touched: Omit<TouchedFiles, keyof ChangePlace>, id: number, change: string, at: number): Generation;
  /**
   * Puts the files back, each as a whole, but those whose folder is gone.
   *
   * @throws MLS8501 when what was kept is not what it was
   */
  restore(generation: Generation): void;
  /** The text of a file as it was kept; undefined where that is not known. */
  text(generation: Generation, name: string): string | undefined;
  /** Forgets those of a package that are too many. */
  prune(project: string): void;
  /** One that is not there is forgotten already. */
  forget(id: number): void;
  /** Whether the files are still as they were kept. */
  isCurrent(generation: Generation): boolean;
}

export function generations({ stateDir, rootDir }: ChangePlace): Generations {
  const root = join(stateDir, "hub", "generations");
  const folderOf = (id: number): string => join(root, String(id).padStart(6, "0"));
  const pathOf = (name: string): string => join(rootDir, name);

  function list(): readonly Generation[] {
    return names().flatMap((name): Generation[] => {
      // one of a newer version, or that was cut short, is no place to go back to
      try { return [document.parse(JSON.parse(readFileSync(join(root, name, "generation.json"), "utf8")))]; } catch { return []; }
    }).toSorted((a, b) => b.id - a.id);
  }

  const names = (): string[] => (existsSync(root) ? readdirSync(root).filter((n) => FOLDER.test(n)) : []);
  const next = (): number => Math.max(0, ...names().map(Number)) + 1;

  function keep({ project, files: names, modulesDir }: Omit<TouchedFiles, keyof ChangePlace>, id: number, change: string, at: number): Generation {
    mkdirSync(root, { recursive: true });
    const partial = join(root, `.partial-${process.pid}`);
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial);
    const files: Record<string, string | null> = {};
    for (const name of names.toSorted()) {
      const bytes = bytesOf(pathOf(name));
      files[name] = bytes === undefined ? null : digestOf(bytes);
      if (bytes !== undefined) writeDurably(join(partial, digestOf(bytes)), bytes);
    }
    const generation: Generation = { id, change, project, at, files, modules: existsSync(modulesDir) };
    writeDurably(join(partial, "generation.json"), Buffer.from(`${JSON.stringify({ generationVersion: 1, ...generation }, null, 2)}\n`));
    renameSync(partial, folderOf(id));
    return generation;
  }

  function restore({ id, files, project }: Generation): void {
    // all is looked at before anything is written
    const contents = Object.entries(files).map(([name, digest]) => {
      const path = pathOf(name);
      if (!isTouched(name, project)) throw damaged(id, `it holds ${name}, which is no file of this project`);
      if (digest === null) return { path, bytes: undefined };
      const bytes = bytesOf(join(folderOf(id), digest));
      if (bytes === undefined || digestOf(bytes) !== digest) throw damaged(id, `its copy of ${name} ${bytes === undefined ? "is gone" : "was changed"}`);
      return { path, bytes };
    });
    for (const { path, bytes } of contents.filter((each) => existsSync(dirname(each.path)))) if (bytes === undefined) rmSync(path, { force: true }); else replaceFile(path, bytes);
  }

  const forget = (id: number): void => { rmSync(folderOf(id), { recursive: true, force: true }); };
  const isCurrent = ({ files }: Generation): boolean => Object.entries(files).every(([name, digest]) => {
    const bytes = bytesOf(pathOf(name));
    return digest === (bytes === undefined ? null : digestOf(bytes));
  });
  const text = ({ id, files }: Generation, name: string): string | undefined => (typeof files[name] === "string" ? bytesOf(join(folderOf(id), files[name]))?.toString() : undefined);
  const prune = (project: string): void => { for (const old of list().filter((each) => each.project === project).slice(KEPT)) forget(old.id); };
  return { list, next, keep, restore, text, forget, prune, isCurrent };
}

const damaged = (id: number, why: string): MlstackError => new MlstackError("MLS8501", `generation ${id} of the plugins can't be gone back to`, { why, fix: "take package.json, the package manager's lock and mlstack.lock from your version control, and install" });

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
