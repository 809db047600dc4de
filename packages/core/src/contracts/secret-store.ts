import type { CallOptions, Component } from "./component.ts";

/** A secret as it may be shown: never with its value. */
export interface SecretEntry {
  /** As `get` takes it. */
  readonly name: string;
  /** When it was last set; undefined where that is not known. */
  readonly changedAt?: Date | undefined;
}

/**
 * Where `${secret:NAME}` in a component's configuration leads. A value is asked for when the component that refers to it is created, in the
 * process that creates it, and is kept nowhere else. Which names there may be is the flavor's business.
 *
 * Stable, but for `set` and `delete`: the flavors env and file have passed the conformance kit. Another shape is another version.
 */
export interface SecretStore extends Component {
  readonly contract: "secret_store@1";
  /**
   * The value, or undefined where there is none of that name. Never an empty text: a variable that is empty has no value.
   *
   * @throws MLS8001 when it can't be opened with the key that is there; MLS8002 when what is kept is damaged; MLS6001, MLS6002, MLS6003 of services
   */
  get(name: string, options?: CallOptions): Promise<string | undefined>;
  /** The secrets that there are, sorted by name, without their values. Left out by services that can't or won't list them. */
  list?(options?: CallOptions): Promise<readonly SecretEntry[]>;
  /**
   * Keeps a value under a name; resolves when it would survive the process's death. Others that write at the same time lose nothing: of two
   * values for one name the later stays. Left out where values are set elsewhere.
   *
   * @throws MLS8004 for a name or value that it does not take; and as `get`
   *
   * @experimental until a second flavor that sets has passed the conformance kit
   */
  set?(name: string, value: string, options?: CallOptions): Promise<{ /** Whether there was one before. */ readonly replaced: boolean; /** What a person should know of it, once: such as where a key was made. */ readonly notice?: string | undefined }>;
  /**
   * Removes a secret; false where there was none. Goes with `set`.
   *
   * @experimental as `set`
   */
  delete?(name: string, options?: CallOptions): Promise<boolean>;
}
