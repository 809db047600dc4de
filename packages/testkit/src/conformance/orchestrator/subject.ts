import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { DriverLaunch, Launcher, Orchestrator, StepHandle, StepIdentity, StepLaunch } from "@mlstack/core";
import { playActor, STAGE } from "../actor.ts";
import { startClient, type Client, type ClientLaunch } from "./client.ts";
import { openStage, type Actor, type Stage } from "./stage.ts";

/**
 * An orchestrator under test. Its steps are actors (`@mlstack/testkit/conformance/actor`): they connect to the test and do what they are told. Cases start steps of
 * runs of their own (`conformance-<random>`), of the node `actor`, and end all of them.
 */
export interface OrchestratorSubject {
  /** Opens the orchestrator: each time another object for the same place, as another process has it. */
  open(): Promise<Orchestrator>;
  /** Makes a launch one of a real step named `actor` whose code is `playActor()`, for flavors that do not run `command`; as it is by default. */
  launch?(launch: StepLaunch): StepLaunch;
  /** Under which steps reach the machine of the test; 127.0.0.1 by default. */
  readonly host?: string | undefined;
  /** Arguments of Node for a program that calls `conformanceClient` with this orchestrator: a client that the cases may end. */
  readonly client?: readonly string[] | undefined;
  /** The same orchestrator with credentials that the service does not take. */
  openDenied?(): Promise<Orchestrator>;
  /** The same orchestrator at an address where nothing answers. */
  openUnreachable?(): Promise<Orchestrator>;
}

/** A step that runs, and the actor in it. */
export interface Started { readonly handle: StepHandle; readonly actor: Actor }

export interface OrchestratorContext {
  readonly subject: OrchestratorSubject;
  readonly orchestrator: Orchestrator;
  /** Of `orchestrator`. */
  readonly launcher: Launcher;
  readonly stage: Stage;
  /** Another object for the same orchestrator; disposed of after the case. */
  open(): Promise<Orchestrator>;
  /** Of a step of this case's run. */
  identity(more?: Partial<StepIdentity>): StepIdentity;
  launchOf(identity: StepIdentity): StepLaunch;
  driverOf(identity: StepIdentity): DriverLaunch;
  /** Starts a step and waits until it runs. */
  start(more?: Partial<StepIdentity>, from?: Launcher): Promise<Started>;
  /** Starts a step by a launch that was made of one of `launchOf`, and waits until it runs. */
  startAs(launch: StepLaunch): Promise<Started>;
  /** Starts a driver and waits until it runs. */
  startDriver(from?: Launcher): Promise<Started>;
  /** The first actor of a start, or another one by its number from 0. */
  actorOf(identity: StepIdentity, n?: number): Promise<Actor>;
  actorsOf(identity: StepIdentity): readonly Actor[];
  /** Keeps a handle, to be ended after the case. */
  keep(handle: StepHandle): StepHandle;
  /** A client in a process of its own that has started this. */
  client(launch: ClientLaunch): Promise<Client>;
}

/** In every start's environment: values that a shell or a file of settings would change. */
export const ENV: Readonly<Record<string, string>> = { CONFORMANCE_ODD: "a 'b' \"c\" $HOME \\d\n#e=f; é\u{1F600}", CONFORMANCE_EMPTY: "", TZ: "Asia/Tokyo", LANG: "de_DE.UTF-8", LC_ALL: "de_DE.UTF-8" };

/** As one word, in the alphabet of a URL. */
const tokenOf = ({ runId, node, ordinal, attempt }: StepIdentity): string => [runId, node, ordinal, attempt].join("_");

export async function withinOrchestrator<T>(subject: OrchestratorSubject, _id: string, use: (context: OrchestratorContext) => Promise<T>): Promise<T> {
  const opened: Orchestrator[] = [];
  const handles: StepHandle[] = [];
  const clients: Client[] = [];
  const open = async (): Promise<Orchestrator> => { const one = await subject.open(); opened.push(one); return one; };
  const stage = await openStage(subject.host ?? "127.0.0.1");
  const runId = `conformance-${randomUUID()}`;
  const keep = (handle: StepHandle): StepHandle => { handles.push(handle); return handle; };
  const identity = (more: Partial<StepIdentity> = {}): StepIdentity => ({ runId, node: "actor", ordinal: 0, attempt: 1, ...more });
  const driver = (): StepIdentity => identity({ node: "_driver" });
  const launchOf = (of: StepIdentity): StepLaunch => {
    const at = stage.at(tokenOf(of));
    const launch: StepLaunch = { spec: specOf(of), command: ["step", "run", "spec.json"], env: { ...ENV, [STAGE]: at }, here: { run: (signal) => playActor(at, { signal }), report: () => undefined } };
    const { here, ...rest } = subject.launch?.(launch) ?? launch;
    return opened[0]?.launch?.sees === "project" ? { ...rest, here } : rest;
  };
  const driverOf = (of: StepIdentity): DriverLaunch => ({ runId: of.runId, ordinal: of.ordinal, spec: { of: "a driver" }, command: ["driver", "run", "spec.json"], env: { ...ENV, [STAGE]: stage.at(tokenOf(of)) } });
  const begun = async (handle: StepHandle, of: StepIdentity): Promise<Started> => {
    const early = handle.ended.then(async (end) => assert.fail(`it has ended before it did anything: ${JSON.stringify(end)} ${(await handle.tail?.().catch(() => "")) ?? ""}`));
    return { handle: keep(handle), actor: await Promise.race([stage.actor(tokenOf(of)), early]) };
  };
  try {
    const orchestrator = await open();
    const launcher = orchestrator.launch!;
    return await use({
      subject, orchestrator, launcher, stage, open, identity, launchOf, driverOf, keep,
      start: async (more, from = launcher) => begun(await from.start(launchOf(identity(more))), identity(more)),
      startAs: async (launch) => begun(await launcher.start(launch), launch.spec),
      startDriver: async (from = launcher) => begun(await from.startDriver!(driverOf(driver())), driver()),
      actorOf: (of, n) => stage.actor(tokenOf(of), n),
      actorsOf: (of) => stage.actors(tokenOf(of)),
      async client(launch) { const client = await startClient(subject.client!, launch); clients.push(client); return client; },
    });
  } finally {
    for (const client of clients) await client.kill();
    for (const handle of handles) await handle.cancel("the case is over").catch(() => undefined);
    await stage.close();
    await Promise.all(handles.map((handle) => handle.ended));
    for (const one of opened) await one.dispose?.();
  }
}

function specOf(of: StepIdentity): StepLaunch["spec"] {
  return { version: 1, ...of, project: "conformance", willRetry: false, plan: "0".repeat(64), inputs: {}, data: {}, files: null, cache: { domain: "conformance", store: false }, trackedRun: null, stack: {}, zone: null, timeoutMs: null, driver: null };
}
