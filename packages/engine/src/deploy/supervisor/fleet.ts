import type { Tensor } from "@mlstack/core";
import type { ProcessId } from "../../project/process-id.ts";
import type { DeploymentFolder, Serving } from "../deployment-folder.ts";
import type { ModelMetadata } from "../model/messages.ts";
import { servedVersion, type ServedVersion, type VersionSurroundings } from "./served-version.ts";

/** What a supervisor says of a version. */
export interface VersionView {
  readonly id: string;
  readonly digest: string;
  readonly state: ServedVersion["state"];
  readonly traffic: number;
  readonly replicas: number;
  readonly reason?: string | undefined;
}

/** What is wished for a version. */
export interface Wish { readonly replicas: number; readonly traffic: number }

export type FleetAnswer =
  | { readonly status: "answered"; readonly version: string; readonly outputs: readonly Tensor[] }
  | { readonly status: "invalid" | "failed" | "gone"; readonly message: string }
  /** Nothing answers at the moment: the model has not seen the request. */
  | { readonly status: "not-ready" };

/** The versions of one deployment: at most two that serve, and how the traffic is shared. */
export interface Fleet {
  view(): VersionView[];
  /** Asks for a version; it is brought up, and takes its share when it answers. Idempotent. False where it is not known. */
  put(id: string, wish: Wish): boolean;
  /** Brings up again what served before, with the shares that it had. */
  restore(serving: Serving): void;
  /** Shares the traffic between the versions that are ready. False where the version is not. */
  share(id: string, traffic: number): boolean;
  /** Forgets a version that has failed, or is not ready yet. */
  drop(id: string): Promise<void>;
  /** @param version one of those that serve; by default one by the shares */
  infer(version: string | undefined, inputs: readonly Tensor[]): Promise<FleetAnswer>;
  /** Of a version, or of the one with the most traffic; undefined where nothing is ready. */
  metadata(version?: string): { readonly version: string; readonly metadata: ModelMetadata } | undefined;
  /** Whether a process answers now: of a version, or of those that have a share of the traffic. */
  answers(version?: string): boolean;
  /** How long a drain may take at most, in milliseconds. */
  patienceMs(): number;
  /** Those that run models now. */
  processes(): ProcessId[];
  /** Resolves when what was asked is answered and all processes have ended. */
  drain(): Promise<void>;
}

export interface FleetOptions extends Pick<VersionSurroundings, "print" | "backoffMs" | "projectDir"> {
  readonly folder: DeploymentFolder;
  /** Told what is to be brought up again when the supervisor is started anew. */
  onServing(serving: Serving): void;
  /** Told when processes have come or gone. */
  onChange(): void;
  /** A number from 0 to below 1. */
  random?(): number;
}

export function fleet({ folder, projectDir, print, backoffMs, onServing, onChange, random = Math.random }: FleetOptions): Fleet {
  const versions = new Map<string, ServedVersion>();
  const shares = new Map<string, number>();
  const wishes = new Map<string, Wish>();
  /** Shares from before the supervisor was started, until something else is wished for. */
  const before = new Map<string, number>();
  const ready = () => [...versions.values()].filter((v) => v.state === "ready");
  const main = () => ready().toSorted((a, b) => (shares.get(b.record.id) ?? 0) - (shares.get(a.record.id) ?? 0))[0];
  const isRestored = (v: ServedVersion) => v.state === "pending" && before.has(v.record.id);
  const keep = () => onServing({ versions: [...versions.values()].filter((v) => v.state === "ready" || isRestored(v)).map((v) => ({ id: v.record.id, replicas: v.wanted, traffic: (isRestored(v) ? before : shares).get(v.record.id) ?? 0 })) });
  const forget = (v: ServedVersion) => { versions.delete(v.record.id); shares.delete(v.record.id); before.delete(v.record.id); void v.end(); };

  /**
   * Gives a version that is ready its share, and the rest to another one; with all of it, the others go.
   *
   * @param superseded whether one that is still to come is not meant any more
   */
  function give(id: string, traffic: number, superseded: (v: ServedVersion) => boolean): void {
    if (traffic === 1) for (const v of versions.values()) if (v.record.id !== id && v.state === "pending" && superseded(v)) forget(v);
    const others = ready().filter((v) => v.record.id !== id);
    const [other] = others.toSorted((a, b) => (shares.get(b.record.id) ?? 0) - (shares.get(a.record.id) ?? 0));
    const share = other === undefined ? 1 : traffic;
    shares.set(id, share);
    for (const v of others) {
      if (v === other && share < 1) { shares.set(v.record.id, Math.round((1 - share) * 100) / 100); continue; }
      shares.set(v.record.id, 0);
      void leave(v);
    }
    keep();
    onChange();
  }
  async function leave(v: ServedVersion): Promise<void> {
    await v.drain();
    if (versions.get(v.record.id) === v) { versions.delete(v.record.id); shares.delete(v.record.id); wishes.delete(v.record.id); }
    keep();
    onChange();
  }
  function bringUp(id: string, wish: Wish): boolean {
    const record = folder.versionRecord(id);
    if (record === undefined) return false;
    // of two that are to come, the later one is meant
    for (const v of versions.values()) if (v.state === "failed" || (v.state === "pending" && !isRestored(v) && wishes.get(v.record.id)?.traffic === 1 && wish.traffic === 1)) forget(v);
    const version = servedVersion(record, wish.replicas, { dir: folder.version(id), projectDir, print, backoffMs, changed: onChange });
    versions.set(id, version);
    shares.set(id, 0);
    void join(version);
    return true;
  }
  async function join(version: ServedVersion): Promise<void> {
    const { id } = version.record;
    await version.settled;
    if (versions.get(id) !== version || version.state !== "ready") return;
    print(id, "ready");
    const restored = before.get(id);
    if (restored === undefined) { give(id, wishes.get(id)?.traffic ?? 1, isRestored); return; }
    before.delete(id);
    shares.set(id, restored);
    keep();
    onChange();
  }

  return {
    view: () => [...versions.values()].map((v) => ({ id: v.record.id, digest: v.record.digest, state: v.state, traffic: v.state === "ready" ? (shares.get(v.record.id) ?? 0) : 0, replicas: v.replicas, ...(v.reason !== undefined && { reason: v.reason }) })),
    put(id, wish) {
      const found = versions.get(id);
      wishes.set(id, wish);
      before.delete(id);
      if (found === undefined || found.state === "failed" || found.state === "draining") return bringUp(id, wish);
      if (found.wanted !== wish.replicas) found.scale(wish.replicas);
      if (found.state === "ready") give(id, wish.traffic, () => true);
      return true;
    },
    restore(serving) {
      for (const { id, replicas, traffic } of serving.versions) {
        before.set(id, traffic);
        wishes.set(id, { replicas, traffic });
        if (!bringUp(id, { replicas, traffic })) print(id, "is not there any more");
      }
    },
    share(id, traffic) {
      if (versions.get(id)?.state !== "ready") return false;
      give(id, traffic, () => true);
      return true;
    },
    async drop(id) {
      const found = versions.get(id);
      if (found === undefined || (found.state !== "failed" && found.state !== "pending")) return;
      versions.delete(id);
      await found.end();
      onChange();
    },
    async infer(wanted, inputs) {
      const serving = ready();
      const chosen = wanted === undefined ? choose(serving, shares, random()) : serving.find((v) => v.record.id === wanted);
      if (chosen === undefined) return { status: "not-ready" };
      const answer = await chosen.infer(inputs);
      if (answer.status === "answered") return { status: "answered", version: chosen.record.id, outputs: answer.outputs };
      if (answer.status !== "gone") return answer;
      return answer.asked ? { status: "gone", message: "the model's process ended while it answered" } : { status: "not-ready" };
    },
    metadata(version) {
      const found = version === undefined ? main() : versions.get(version);
      return found?.metadata === undefined || found.state !== "ready" ? undefined : { version: found.record.id, metadata: found.metadata };
    },
    answers: (version) => ready().some((v) => v.replicas > 0 && (version === undefined ? (shares.get(v.record.id) ?? 0) > 0 : v.record.id === version)),
    patienceMs: () => Math.max(0, ...[...versions.values()].map((v) => v.patienceMs)),
    processes: () => [...versions.values()].flatMap((v) => v.processes),
    async drain() {
      keep();
      await Promise.all([...versions.values()].map(async (v) => (v.state === "ready" ? v.drain() : v.end())));
    },
  };
}

/** One of the versions, by their shares. One without processes at the moment is passed over where another one has some. */
function choose(serving: readonly ServedVersion[], shares: ReadonlyMap<string, number>, random: number): ServedVersion | undefined {
  const withShare = serving.filter((v) => (shares.get(v.record.id) ?? 0) > 0);
  const able = withShare.filter((v) => v.replicas > 0);
  const among = able.length > 0 ? able : withShare;
  let left = random * among.reduce((sum, v) => sum + shares.get(v.record.id)!, 0);
  for (const v of among) { left -= shares.get(v.record.id)!; if (left < 0) return v; }
  return among.at(-1);
}
