import { didYouMean, MlstackError, type SecretStore } from "@mlstack/core";
import { projectSecrets, type ProjectSecrets } from "@mlstack/engine";
import { confirm } from "../ui/ask.ts";
import { ago } from "../ui/format.ts";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable } from "../ui/terminal.ts";
import { activeStack, folderOf, stackForReading } from "./active-stack.ts";
import { secretValue } from "./secret-value.ts";

interface Writable { readonly name: string; readonly flavor: string; readonly store: SecretStore }

/** `mlstack secret set NAME`. */
export async function secretSet(name: string, flags: GlobalFlags & { readonly fromFile?: string }): Promise<void> {
  const cwd = folderOf(flags);
  const secrets = projectSecrets({ from: cwd, stack: await activeStack(flags), mayWrite: true });
  try {
    const into = await writable(secrets);
    const value = await secretValue(name, flags, cwd);
    const { replaced, notice } = await into.store.set!(name, value);
    const found = await firstWith(secrets, name, into);
    const warnings = found === undefined ? [] : [`${JSON.stringify(name)} is found in the store ${found} before this one, and that value is used`];
    if (flags.json === true) { writeJson("secret-set", { secret: name, store: into.name, flavor: into.flavor, replaced }, notice === undefined ? warnings : [...warnings, notice]); return; }
    const t = stderr(flags);
    if (notice !== undefined) t.line(notice);
    for (const text of warnings) t.line(`${t.style("warning", "yellow")}  ${text}`);
    t.line(`${replaced ? "replaced" : "set"} ${name}; write \${secret:${name}} where a component's configuration takes a secret`);
  } finally { await secrets.dispose(); }
}

/** `mlstack secret list`: names and times, never values. */
export async function secretList(flags: GlobalFlags): Promise<void> {
  const secrets = projectSecrets({ from: folderOf(flags), stack: await stackForReading(flags) });
  try {
    const found: { secret: string; store: string; flavor: string; changedAt: string | null }[] = [];
    for (const { name, flavor, open } of secrets.list) {
      const store = await open();
      for (const entry of (await store.list?.()) ?? []) found.push({ secret: entry.name, store: name, flavor, changedAt: iso(entry.changedAt?.getTime() ?? null) });
    }
    found.sort((a, b) => (a.secret < b.secret ? -1 : a.secret > b.secret ? 1 : 0));
    if (flags.json === true) { writeJson("secret-list", found); return; }
    if (found.length === 0) { stderr(flags).line("no secrets; mlstack secret set NAME"); return; }
    const t = stdout(flags);
    printTable(t, ["SECRET", "STORE", "CHANGED"], found.map((s) => [s.secret, s.flavor === s.store ? s.flavor : `${s.store} (${s.flavor})`, s.changedAt === null ? "" : t.plain ? s.changedAt : ago(Date.parse(s.changedAt), Date.now())]));
  } finally { await secrets.dispose(); }
}

/** `mlstack secret delete NAME`. */
export async function secretDelete(name: string, flags: GlobalFlags & { readonly yes?: boolean; readonly dryRun?: boolean }): Promise<void> {
  const secrets = projectSecrets({ from: folderOf(flags), stack: await activeStack(flags) });
  try {
    const from = await writable(secrets);
    const names = ((await from.store.list?.()) ?? []).map((s) => s.name);
    if (from.store.list !== undefined && !names.includes(name)) throw await noSuch(secrets, name, names, from);
    if (flags.dryRun === true) {
      if ((await from.store.get(name)) === undefined) throw await noSuch(secrets, name, names, from);
      if (flags.json === true) writeJson("secret-delete", { secret: name, store: from.name, flavor: from.flavor, done: false });
      else stderr(flags).line(`would delete ${name} from the store ${from.name} (${from.flavor}); nothing was changed`);
      return;
    }
    await confirm(`Delete the secret ${JSON.stringify(name)}? Its value can't be brought back.`, flags);
    if (!(await from.store.delete!(name))) throw await noSuch(secrets, name, names, from);
    if (flags.json === true) writeJson("secret-delete", { secret: name, store: from.name, flavor: from.flavor, done: true });
    else stderr(flags).line(`deleted ${name}`);
  } finally { await secrets.dispose(); }
}

async function writable(secrets: ProjectSecrets): Promise<Writable> {
  for (const { name, flavor, open } of secrets.list) {
    const store = await open();
    if (store.set !== undefined && store.delete !== undefined) return { name, flavor, store };
  }
  throw new MlstackError("MLS8004", `${secrets.stores} can't be written to from here`, { why: "values are set where it gets them from", fix: "set them there, or use a stack with another secret store" });
}

/** The store that is asked before one, and has the secret, too. */
async function firstWith(secrets: ProjectSecrets, secret: string, than: Writable): Promise<string | undefined> {
  for (const { name, flavor, open } of secrets.list) {
    if (name === than.name) return undefined;
    if ((await (await open()).get(secret)) !== undefined) return `${name} (${flavor})`;
  }
  return undefined;
}

async function noSuch(secrets: ProjectSecrets, name: string, names: readonly string[], from: Writable): Promise<MlstackError> {
  const before = await firstWith(secrets, name, from);
  const near = didYouMean(name, names);
  return new MlstackError("MLS8003", `there is no secret ${JSON.stringify(name)} in the store ${from.name} (${from.flavor})`, {
    why: before === undefined ? undefined : `it is in the store ${before}, which is not written to from here`, fix: before !== undefined ? "unset the variable" : near === undefined ? "mlstack secret list" : `mlstack secret delete ${near}`, details: { secret: name },
  });
}
