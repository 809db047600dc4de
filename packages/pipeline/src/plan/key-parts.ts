import { createHash } from "node:crypto";

/** Version of the key's layout; part of every key. */
export const KEY_ALGORITHM = "mlstack-key/2";

/** An input in a key: what it is, not what it is called or where it lies. */
export interface InputPart {
  readonly identity: string;
  /** Format id with major. */
  readonly format: string;
}

/**
 * Everything that decides what a step computes, by name. Not in it, on purpose: stack, store, orchestrator, names of step, pipeline
 * and run, resources, retries, timeouts, tags, secrets, consumers.
 */
export interface KeyParts {
  readonly code: string;
  readonly packages: string;
  readonly runtime: string;
  readonly platform: string;
  /** Time zone and language that the step runs in, where its result may depend on them and they are not the usual ones. */
  readonly zone: string | null;
  readonly env: Readonly<Record<string, string | null>>;
  readonly files: Readonly<Record<string, string>>;
  /** As tagged JSON: the order of an object's keys counts, for a step can see it. */
  readonly params: Readonly<Record<string, string>>;
  /** Digest and name of external data, by parameter. */
  readonly data: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, InputPart>>;
  /** Output formats by name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** For uses with `cache: "by-component"`: flavor and configuration digest by component type. */
  readonly components: Readonly<Record<string, string>>;
  readonly cacheVersion: string;
}

/** One part of a key as a line that can be compared and shown: `params.depth` → `5`. */
export type FlatParts = ReadonlyMap<string, string>;

/** The parts as a flat list, sorted by name; the key is made of exactly these. */
export function flattenParts(parts: KeyParts): FlatParts {
  const flat: [string, string][] = [["code", parts.code], ["packages", parts.packages], ["runtime", parts.runtime], ["platform", parts.platform], ["cacheVersion", parts.cacheVersion]];
  if (parts.zone !== null) flat.push(["zone", parts.zone]);
  const add = (group: string, record: Readonly<Record<string, string | null>>) => {
    for (const [name, value] of Object.entries(record)) flat.push([`${group}.${name}`, value === null ? "unset" : `=${value}`]);
  };
  add("env", parts.env); add("files", parts.files); add("params", parts.params); add("data", parts.data); add("outputs", parts.outputs); add("components", parts.components);
  for (const [port, input] of Object.entries(parts.inputs)) flat.push([`inputs.${port}`, `${input.format}:${input.identity}`]);
  return new Map(flat.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** The action key: SHA-256 (hex) over the algorithm's name and the flat parts, each name and value prefixed by its length in bytes. */
export function actionKey(parts: KeyParts): string {
  const hash = createHash("sha256");
  const field = (s: string) => { hash.update(`${Buffer.byteLength(s)}:`).update(s); };
  field(KEY_ALGORITHM);
  for (const [name, value] of flattenParts(parts)) { field(name); field(value); }
  return hash.digest("hex");
}
