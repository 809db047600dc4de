import type {
  ArtifactHandle, ArtifactType, ArtifactValue, ComponentUse, DataHandle, DataParam, DataRef, JsonObject, ParamSpec, RunInfo, StepCallOptions, StepComponentHandle, StepDefinition, StepHooks,
  StepOptions, StepServes, Tracker,
} from "@mlstack/core";
import type { z } from "zod";

/** Inputs or outputs by name. */
export type Ports = Readonly<Record<string, ArtifactType<unknown>>>;
export type Params = Readonly<Record<string, ParamSpec>>;
export type Requires = Readonly<Record<string, true | string>>;
export type Uses = Readonly<Record<string, ComponentUse>>;
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the type of "nothing declared"
export type None = {};

declare const REF_VALUE: unique symbol;

/**
 * A value that a step will produce, known by its type only. To make a text, a number or JSON of it is an error; that it is *tested*
 * (`if (ref)`, `ref ? a : b`) can't be seen by anybody: it always holds. What depends on a value is written with `when`.
 */
export interface Ref<out T> {
  readonly [REF_VALUE]: T;
}

/** The loaded values of ports. */
export type PortValues<P extends Ports> = { [K in keyof P]: ArtifactValue<P[K]> };
/** References to the ports of a step's outputs. */
export type PortRefs<P extends Ports> = { readonly [K in keyof P]: Ref<ArtifactValue<P[K]>> };
/** What an input takes: a reference, or for a list one reference per item. */
type InputRef<A> = A extends { readonly items: ArtifactType<infer E> } ? Ref<ArtifactValue<A>> | readonly Ref<E>[] : Ref<ArtifactValue<A>>;
type InputRefs<P extends Ports> = { readonly [K in keyof P]: InputRef<P[K]> };

type ParamIn<S> = S extends DataParam ? string | DataRef : S extends z.ZodType ? z.input<S> : never;
/** A parameter as a step's code gets it. */
type ParamInStep<S> = S extends DataParam ? DataHandle : S extends z.ZodType ? z.output<S> : never;
/** A parameter as a pipeline's build function gets it. */
type ParamInBuild<S> = S extends DataParam ? DataRef : S extends z.ZodType ? z.output<S> : never;
type IsOptional<S> = S extends DataParam<infer _K, infer O> ? O : undefined extends ParamIn<S> ? true : false;
type OptionalKeys<P extends Params> = { [K in keyof P]: IsOptional<P[K]> extends true ? K : never }[keyof P];

/** Where nothing is declared: an object without any key. `{}` alone would take every object. */
type Nothing = { readonly [K in string]?: never };
type GivenParams<P extends Params> = { readonly [K in Exclude<keyof P, OptionalKeys<P>>]: ParamIn<P[K]> } & { readonly [K in OptionalKeys<P>]?: ParamIn<P[K]> };
/** Parameters as a caller gives them. */
export type ParamInputs<P extends Params> = [keyof P] extends [never] ? Nothing : GivenParams<P>;
export type ParamsInStep<P extends Params> = { readonly [K in keyof P]: ParamInStep<P[K]> };
export type ParamsInBuild<P extends Params> = { readonly [K in keyof P]: ParamInBuild<P[K]> };

/** `modelDeployer` is handed out as `deployer`, others by their own name. The tracker is always there. */
type ContextName<N> = N extends "modelDeployer" ? "deployer" : N;
type RequiredComponents<R extends Requires> = { readonly [N in Exclude<keyof R & string, "experimentTracker"> as ContextName<N>]: StepComponentHandle<N> };
type UsedComponents<U extends Uses> = { readonly [N in Exclude<keyof U & string, "experimentTracker"> as ContextName<N>]: StepComponentHandle<N> | undefined };

/** What a step's code is given. */
export type StepContext<I extends Ports, P extends Params, O extends Ports, R extends Requires, U extends Uses> = {
  readonly inputs: PortValues<I>;
  /** The inputs as handles: identity and files, not loaded. */
  readonly artifacts: { readonly [K in keyof I]: I[K] extends { readonly optional: true } ? ArtifactHandle | undefined : ArtifactHandle };
  readonly params: ParamsInStep<P>;
  /** Aborted by cancel and timeout. */
  readonly signal: AbortSignal;
  /** Logs parameters and metrics; recorded on every stack, shown by the stack's tracker where it has one. */
  readonly tracker: Tracker;
  /** Reading any of it makes the result uncached: it is not part of the key. */
  readonly run: RunInfo;
  /** An empty local folder of this attempt, made on demand and removed afterwards. */
  scratch(): Promise<string>;
  log(message: string): void;
  /** Adds facts to an output's metadata. */
  metadata(output: keyof O & string, data: JsonObject): void;
} & RequiredComponents<R> & UsedComponents<U>;

/** Where a call stands in the plan. */
export interface PlaceOptions {
  /** The node's name in the plan; the step's name by default, with `_2`, `_3` where it is called again. */
  readonly id?: string | undefined;
  /** Outputs of steps that must have ended before, though nothing of theirs is read. */
  readonly after?: readonly Ref<unknown>[] | undefined;
}

/** What may be said where a step is called. It wins over what the step says; tags and settings are added to the step's. */
export interface CallOptions extends PlaceOptions, StepCallOptions {}

export type StepArgs<I extends Ports, P extends Params> = [keyof I | keyof P] extends [never] ? Nothing : InputRefs<I> & GivenParams<P>;
// a step that needs nothing may be called without arguments
type ArgsOf<A> = None extends A ? [args?: A, options?: CallOptions] : [args: A, options?: CallOptions];

/** A step as a build function calls it. */
export interface Step<I extends Ports, P extends Params, Result> {
  (...args: ArgsOf<StepArgs<I, P>>): Result;
  /**
   * The same step, called with these options unless a call says otherwise: `train.with({ retry: { attempts: 3 } })({ data })`.
   *
   * @throws MLS1002 for an option that is not known, or whose value means nothing
   */
  with(options: StepCallOptions): Step<I, P, Result>;
  readonly stepName: string;
  readonly definition: StepDefinition;
}

/** What `output:` or `outputs:` declare, as ports. */
type DeclaredOutputs<O extends Ports, A> = A extends ArtifactType<unknown> ? { output: A } : O;
/** What `run` returns. */
export type RunResult<O extends Ports, A> = A extends ArtifactType<unknown> ? ArtifactValue<A> : keyof O extends never ? void : PortValues<O>;
/** What calling the step in a build gives. */
export type CallResult<O extends Ports, A> = A extends ArtifactType<unknown> ? Ref<ArtifactValue<A>> : PortRefs<O>;

/** With `output:` there is no `outputs:`. */
export type OneForm<A> = A extends ArtifactType<unknown> ? { readonly outputs?: undefined } : unknown;

/** A step as its author writes it. */
export interface StepSpec<I extends Ports, P extends Params, O extends Ports, A extends ArtifactType<unknown> | undefined, R extends Requires, U extends Uses> extends StepOptions {
  /** Shown everywhere: begins with a letter; letters, digits, `_` and `-`. */
  readonly name: string;
  readonly description?: string;
  readonly inputs?: I;
  readonly params?: P;
  /** The results by name; `run` returns an object of them. */
  readonly outputs?: O;
  /** The short form for one result; `run` returns it. */
  readonly output?: A;
  /** Components without which the step can't run: `true`, or the component's name. */
  readonly requires?: R;
  /** Components that the step uses where the stack has them. */
  readonly uses?: U;
  /**
   * What the step deploys, by the input that holds the model: a predictor, `"format"` where the deployer serves the input's format by itself, or
   * `"image"`. Compared with what the stack's deployer takes before a run; the step can't deploy in another way.
   */
  readonly serves?: { readonly [K in keyof NoInfer<I>]?: StepServes };
  /** Told how the step goes, in the process that drives the run. No part of its key. */
  readonly hooks?: StepHooks | undefined;
  // what is declared decides, never what the code happens to return
  run(context: StepContext<I, P, DeclaredOutputs<O, A>, R, U>): RunResult<NoInfer<O>, NoInfer<A>> | Promise<RunResult<NoInfer<O>, NoInfer<A>>>;
}
