import { syncBuiltinESMExports } from "node:module";
import { homedir, tmpdir } from "node:os";
import { realpathSync } from "node:fs";
import type { PluginHooks } from "../kit/plugin-package.ts";
import type { Access } from "../run/messages.ts";
import type { AccessKind } from "../run/report.ts";
import { byModuleLoader, placeIn } from "./frames.ts";
import { judge, type Permitted } from "./judge.ts";
import type { Undo } from "./replace.ts";
import { Scope } from "./scope.ts";
import { shownPlace, type Asked } from "./seen.ts";
import { watchEnv } from "./watch-env.ts";
import { watchFiles } from "./watch-files.ts";
import { watchHosts } from "./watch-hosts.ts";
import { watchProcesses } from "./watch-processes.ts";

/** Whose code runs: of which target, and what it does. */
interface Doing {
  readonly of: Watched;
  /** Such as `import`, `create`, `put`. */
  readonly what: string;
}

/** What one target is watched by. */
interface Watched {
  readonly declared: Readonly<Record<AccessKind, readonly string[]>>;
  readonly projectDir: string;
  /** Every text in the configurations that its components got. */
  readonly config: string[];
  readonly told: Map<string, { readonly access: Access; /** How often its place in the code was looked for. */ tries: number }>;
  readonly tell: (access: Access) => void;
}

/** Watches what a plugin's code asks the built-ins of Node for. */
export interface Watch {
  /**
   * Hooks for one target, whose components are compared with what is declared for it.
   *
   * @param tell is called once for each place that is asked for and is either declared or not allowed; a second time where only then the place in the code is known
   */
  hooks(options: { readonly declared: Readonly<Record<AccessKind, readonly string[]>>; readonly projectDir: string; tell(access: Access): void }): PluginHooks;
  /** Puts the built-ins back. */
  close(): void;
}

/**
 * Begins to watch the whole process. What was imported before sees it as well, but for what has taken functions of built-ins apart from their modules (`const { readFile } = require("fs")`),
 * so it begins before the plugin is imported.
 *
 * A check, and no sandbox: native code, code in other threads and processes, and whatever wants to get around it, is not seen.
 *
 * @param packageDir the real path of the plugin's package
 */
export function startWatch(packageDir: string): Watch {
  const scope = new Scope<Doing>();
  const fixed = { packageDir, tempDir: realpathSync(tmpdir()), home: homedir() };
  let isHearing = false;
  const hear = (asked: Asked): void => {
    const doing = scope.current;
    if (doing === undefined || isHearing) return;
    // what looks for the place in the code reads files itself
    isHearing = true;
    try { heard(asked, doing, fixed); } finally { isHearing = false; }
  };
  const undo: Undo[] = [...watchHosts(hear), ...watchFiles(hear), ...watchProcesses(hear), ...watchEnv(hear, () => scope.current !== undefined && !isHearing)];
  syncBuiltinESMExports();
  return {
    hooks({ declared, projectDir, tell }) {
      const of: Watched = { declared, projectDir, config: [], told: new Map(), tell };
      return {
        call(what, work, config) {
          if (config !== undefined) of.config.push(...textsIn(config));
          return scope.run({ of, what }, work);
        },
        wrap: (component) => scope.wrap(component, (what) => ({ of, what })),
      };
    },
    close() {
      for (const one of undo.toReversed()) one();
      syncBuiltinESMExports();
    },
  };
}

/** What is asked for again and again from where nothing of the plugin's is left on the stack is not looked at for ever. */
const TRIES = 20;

function heard(asked: Asked, { of, what }: Doing, fixed: Pick<Permitted, "packageDir" | "tempDir" | "home">): void {
  const place = shownPlace(asked);
  const key = `${asked.kind} ${place}`;
  const before = of.told.get(key);
  if (before !== undefined && (before.access.by !== undefined || before.access.at !== undefined || before.tries++ > TRIES)) return;
  const verdict = judge(asked, { ...fixed, declared: of.declared, config: of.config, projectDir: of.projectDir });
  if (verdict.allowed && verdict.by === undefined) return;
  if (verdict.allowed && before !== undefined) return;
  if (!verdict.allowed && asked.kind === "files" && asked.how !== "write" && byModuleLoader()) return;
  const at = verdict.allowed ? undefined : placeIn(fixed.packageDir);
  if (before !== undefined && at === undefined) return;
  const access: Access = { kind: asked.kind, place, during: what, ...(at !== undefined && { at }), ...(verdict.allowed && { by: verdict.by }) };
  of.told.set(key, { access, tries: 0 });
  of.tell(access);
}

/** Every text in a configuration, however deep. */
function textsIn(value: unknown, depth = 8): string[] {
  if (typeof value === "string") return [value];
  if (value instanceof URL) return [value.href];
  if (typeof value !== "object" || value === null || depth === 0) return [];
  return Object.values(value).flatMap((one) => textsIn(one, depth - 1));
}
