import type { ErrorCode } from "@mlstack/core";

type Callable = (...args: never[]) => unknown;

/** The methods of a component by name, and those of its parts: `put`, `launch.start`. */
export type MethodOf<C> = { [K in keyof C & string]: NonNullable<C[K]> extends Callable ? K : NonNullable<C[K]> extends readonly unknown[] ? never : NonNullable<C[K]> extends object ? `${K}.${MethodOf<NonNullable<C[K]>>}` : never }[keyof C & string];

/**
 * What goes wrong with a call. `fail` rejects, and nothing has happened. `lost` does what was asked, and then rejects: whoever called can't know. `delayMs` waits
 * first, by the clock; it may stand alone.
 */
export interface Fault {
  readonly fail?: ErrorCode | undefined;
  readonly lost?: ErrorCode | undefined;
  readonly delayMs?: number | undefined;
}

/** A fault of one method. */
export interface PlannedFault<C> extends Fault {
  readonly on: MethodOf<C>;
  /** Which calls of that method, from 1; all by default. */
  readonly call?: number | readonly number[] | undefined;
}

/** Faults that come by chance. */
export interface RandomFaults<C> {
  /** Share of the calls that something goes wrong with, 0 to 1. */
  readonly share: number;
  /** What it is; each as likely as the others. Such as `[{ fail: "MLS6001" }, { lost: "MLS6001" }]`. */
  readonly of: readonly Fault[];
  /** Which methods; all by default. */
  readonly on?: readonly MethodOf<C>[] | undefined;
  /** What chance is made of: the same seed, the same faults. `MLSTACK_SEED`, or another one each time, by default. */
  readonly seed?: number | undefined;
}

export type FaultPlan<C> = readonly PlannedFault<C>[] | RandomFaults<C>;

/** A call of a component, and what went wrong with it. */
export interface SeenCall {
  /** Such as `put`. */
  readonly method: string;
  /** From 1, of that method. */
  readonly call: number;
  readonly fault: Fault | undefined;
}

const SOUND: Fault = {};

/** Says of each call what goes wrong with it. */
export function faultChooser<C>(plan: FaultPlan<C>, random: () => number): (method: string, call: number) => Fault {
  if (!isRandom(plan)) {
    return (method, call) => Object.assign({}, ...plan.filter((one) => one.on === method && (one.call === undefined || [one.call].flat().includes(call))).map(({ fail, lost, delayMs }) => ({ ...(fail !== undefined && { fail }), ...(lost !== undefined && { lost }), ...(delayMs !== undefined && { delayMs }) }))) as Fault;
  }
  const { share, of, on } = plan;
  return (method) => {
    // drawn for each call, so that another method's calls do not move what comes
    const [hit, which] = [random(), random()];
    if (on !== undefined && !(on as readonly string[]).includes(method)) return SOUND;
    return hit < share ? of[Math.min(of.length - 1, Math.floor(which * of.length))] ?? SOUND : SOUND;
  };
}

export const isRandom = <C>(plan: FaultPlan<C>): plan is RandomFaults<C> => !Array.isArray(plan);

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
