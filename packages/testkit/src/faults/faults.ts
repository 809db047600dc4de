import { randomInt } from "node:crypto";
import { MlstackError, type ErrorCode } from "@mlstack/core";
import { systemClock, type Clock } from "../clock.ts";
import { faultChooser, isRandom, randomOf, type Fault, type FaultPlan, type SeenCall } from "./plan.ts";

export interface FaultOptions {
  /** What delays are by; the machine's by default. */
  readonly clock?: Pick<Clock, "sleep"> | undefined;
  /** Told the seed of faults that come by chance; stderr by default. */
  readonly print?: ((line: string) => void) | undefined;
}

const seen = new WeakMap<object, SeenCall[]>();

/**
 * The same component, with faults: for tests of what a step, or a pipeline, does when a service does not do what was asked.
 *
 * @param plan single calls by method and number, or chance, whose seed is printed
 * @example
 * const store = faults(memoryStack().store, [{ on: "put", call: 2, lost: "MLS6001" }]);
 */
export function faults<C extends object>(component: C, plan: FaultPlan<NoInfer<C>>, { clock = systemClock, print = (line) => { console.error(line); } }: FaultOptions = {}): C {
  let seed = 0;
  if (isRandom(plan)) {
    const given = process.env["MLSTACK_SEED"];
    seed = plan.seed ?? (given !== undefined && /^\d{1,10}$/.test(given) ? Number(given) % 2 ** 32 : randomInt(2 ** 32));
    print(`faults come by chance: MLSTACK_SEED=${seed} makes these come again`);
  }
  const calls: SeenCall[] = [];
  const counts = new Map<string, number>();
  const choose = faultChooser(plan, randomOf(seed));
  const next = (method: string): Fault => {
    const call = (counts.get(method) ?? 0) + 1;
    counts.set(method, call);
    const fault = choose(method, call);
    const isSound = fault.fail === undefined && fault.lost === undefined && fault.delayMs === undefined;
    calls.push({ method, call, fault: isSound ? undefined : fault });
    return fault;
  };
  const faulty = wrapped(component, "", { next, clock, listing: LISTING[typeOf(component)] ?? [] });
  seen.set(faulty, calls);
  return faulty;
}

/** The calls that a component made by `faults` has seen, in their order. */
export function callsOf(component: object): readonly SeenCall[] {
  const calls = seen.get(component);
  if (calls === undefined) throw new MlstackError("MLS1008", "callsOf was given something without faults", { fix: "give it what faults(component, …) returned" });
  return [...calls];
}

interface Injection {
  readonly next: (method: string) => Fault;
  readonly clock: Pick<Clock, "sleep">;
  /** Methods that give pieces, one after the other. */
  readonly listing: readonly string[];
}

/** By component type, what is no promise: whoever calls it goes through it. */
const LISTING: Readonly<Record<string, readonly string[]>> = { artifact_store: ["list", "external.list"], model_deployer: ["list", "logs"] };

const typeOf = (component: object): string => String((component as { readonly contract?: unknown }).contract).replace(/@.*/, "");

/** A proxy: a component may be a class with private fields, and have parts with methods of their own. */
function wrapped<T extends object>(of: T, path: string, injection: Injection): T {
  const made = new Map<PropertyKey, { readonly from: unknown; readonly to: unknown }>();
  return new Proxy(of, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      const own = Reflect.getOwnPropertyDescriptor(target, key);
      // a proxy has to give what can't be changed as it is
      if (typeof key === "symbol" || (own?.configurable === false && own.writable !== true)) return value;
      const before = made.get(key);
      if (before !== undefined && before.from === value) return before.to;
      const at = `${path}${key}`;
      const to = typeof value === "function" ? faultyMethod(target, value as Method, at, injection)
        : typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).some((part) => typeof part === "function") ? wrapped(value, `${at}.`, injection) : value;
      made.set(key, { from: value, to });
      return to;
    },
  });
}

type Method = (...args: unknown[]) => unknown;

function faultyMethod(target: object, run: Method, method: string, { next, clock, listing }: Injection): Method {
  return (...args) => {
    const fault = next(method);
    const signal = signalIn(args);
    const before = async () => {
      if (fault.delayMs !== undefined) await clock.sleep(fault.delayMs, { signal });
      if (fault.fail !== undefined) throw failure(fault.fail, method);
    };
    if (fault.fail === undefined && fault.lost === undefined && fault.delayMs === undefined) return run.apply(target, args);
    // what is listed piece by piece begins when the first piece is asked for
    if (isGenerator(run) || listing.includes(method)) return pieces(() => run.apply(target, args) as AsyncIterable<unknown>, before, fault, method);
    return (async () => {
      await before();
      const answer = await run.apply(target, args);
      if (fault.lost !== undefined) throw failure(fault.lost, method);
      return answer;
    })();
  };
}

async function *pieces(open: () => AsyncIterable<unknown>, before: () => Promise<void>, fault: Fault, method: string): AsyncIterable<unknown> {
  await before();
  yield* open();
  if (fault.lost !== undefined) throw failure(fault.lost, method);
}

const isGenerator = (run: Method): boolean => Object.prototype.toString.call(run) === "[object AsyncGeneratorFunction]";
const failure = (code: ErrorCode, method: string): MlstackError => new MlstackError(code, `${method} fails, as the test's plan says`, { details: { injected: true } });

function signalIn(args: readonly unknown[]): AbortSignal | undefined {
  const last: unknown = args.at(-1);
  const signal = typeof last === "object" && last !== null ? (last as { readonly signal?: unknown }).signal : undefined;
  return signal instanceof AbortSignal ? signal : undefined;
}
