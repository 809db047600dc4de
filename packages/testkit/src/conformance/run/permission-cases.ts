import type { Access } from "./messages.ts";
import type { AccessKind, CaseReport } from "./report.ts";

const CASES: Readonly<Record<AccessKind, { readonly title: string; readonly clause: string }>> = {
  hosts: { title: "It connects to no hosts but those that its manifest declares", clause: "permissions.hosts: host names, `*` for hosts from the configuration." },
  files: { title: "It reads and writes no files but those that its manifest declares", clause: "permissions.files: folders it reads or writes, `*` for folders from the configuration." },
  processes: { title: "It starts no programs but those that its manifest declares", clause: "permissions.processes: programs it starts." },
  env: { title: "It reads no environment variables but those that its manifest declares", clause: "permissions.env: environment variables it reads." },
};
const KINDS = Object.keys(CASES) as readonly AccessKind[];

/**
 * The four cases of what a plugin reached for. Of one that was not watched nothing is known.
 *
 * @param unheard why only its import was heard of, where that is so: then nothing shows that it keeps to what is declared
 */
export function permissionCases(seen: readonly Access[], watched: boolean, unheard?: string): CaseReport[] {
  return KINDS.map((kind): CaseReport => {
    const head = { id: `permissions.${kind}`, ...CASES[kind], ms: 0 };
    if (!watched) return { ...head, status: "skipped", reason: "what the plugin reaches for was not watched" };
    const refused = seen.filter((one) => one.kind === kind && one.by === undefined && !seen.some((other) => other.kind === "hosts" && isPortOf(other.place, one.place)));
    if (refused.length === 0) return unheard === undefined ? { ...head, status: "passed" } : { ...head, status: "skipped", reason: unheard };
    return { ...head, status: "failed", error: {
      name: "Undeclared", message: `the manifest does not declare ${NOUNS[kind]}${refused.length === 1 ? ` ${shown(refused[0]!)}` : `:\n${refused.map(shown).join("\n")}`}`,
      ...(refused[0]!.at !== undefined && { at: refused[0]!.at }), fix: `declare what it needs in the component's permissions.${kind}, and build the plugin`,
    } };
  });
}

const NOUNS: Readonly<Record<AccessKind, string>> = { hosts: "the host", files: "the file", processes: "the program", env: "the variable" };

/** A name is looked up before it is connected to. */
function isPortOf(place: string, host: string): boolean {
  return place.startsWith(`${host}:`) || place.startsWith(`[${host}]:`);
}

function shown({ place, during, at }: Access): string {
  return `${place} (${at === undefined ? `during ${during}` : `at ${at}`})`;
}

/** What was declared, and never asked for: it may be right all the same, of what the cases have no place for. */
export function unusedPermissions(seen: readonly Access[], declared: Readonly<Record<AccessKind, readonly string[]>>): string[] {
  return KINDS.flatMap((kind) => {
    const unused = declared[kind].filter((entry) => !seen.some((one) => one.kind === kind && one.by === entry));
    return unused.length === 0 ? [] : [`declared, and not seen: ${kind} ${unused.join(", ")}`];
  });
}
