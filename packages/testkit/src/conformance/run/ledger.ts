import { MlstackError } from "@mlstack/core";
import type { Access, FromKit, KitPlan, KitTask, PlannedTarget } from "./messages.ts";
import { permissionCases, unusedPermissions } from "./permission-cases.ts";
import type { CaseReport, KitEvent, KitReport, ReportedError, TargetReport } from "./report.ts";
import { unproven } from "../suite.ts";
import { FORMAT_CONTRACT } from "../target.ts";

/** A codec is handed in by `conformance.ts`, not opened by the kit, so it runs as the target's own code. */
const UNHEARD = "what a codec reaches for is not watched";

/** What is known of one target. */
interface Entry {
  readonly planned: PlannedTarget;
  readonly outcomes: CaseReport[];
  readonly accesses: Access[];
  /** The case that is going on. */
  current: string | undefined;
  begun: boolean;
  over: boolean;
  skipped: string | undefined;
  error: ReportedError | undefined;
}

interface LedgerOptions { readonly watched: boolean; readonly seed: number; tell(event: KitEvent): void }

/** Keeps what the kit's processes say, however many there were, and makes the report of it. */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #began = Date.now();
  readonly #imports: Access[] = [];
  #plan: KitPlan | undefined;
  #entries: readonly Entry[] = [];
  #fault: ReportedError | undefined;

  constructor(options: LedgerOptions) { this.#options = options; }

  target(number: number): PlannedTarget { return this.#entries[number]!.planned; }

  /** What another process need not do again. */
  done(): KitTask["done"] {
    return this.#entries.map(({ outcomes, over }, target) => ({ target, ids: outcomes.map(({ id }) => id), over }));
  }

  take(message: Exclude<FromKit, { readonly type: "refused" | "end" }>): void {
    switch (message.type) {
      case "plan": if (this.#plan === undefined) this.#begin(message.plan); return;
      case "fault": this.#fault = message.error; return;
      case "access": add(message.target === undefined ? this.#imports : this.#entries[message.target]!.accesses, message.access); return;
      case "starting": this.#start(this.#entries[message.target]!); return;
      case "stopping": return;
      case "case": {
        const entry = this.#entries[message.target]!;
        entry.current = message.id;
        this.#options.tell({ type: "case", id: message.id, title: entry.planned.cases.find(({ id }) => id === message.id)?.title ?? "" });
        return;
      }
      case "case-end": this.#end(this.#entries[message.target]!, message.outcome); return;
      case "target-end": this.#close(this.#entries[message.target]!, message); return;
    }
  }

  /**
   * A process is gone that had not come to its end: the case that was going on has failed, or the target that could not be started.
   *
   * @returns whether another process has something left to do
   * @throws MLS8702 where it had not even begun with a target
   */
  gone(how: string): boolean {
    const fault = this.#fault;
    this.#fault = undefined;
    const error: ReportedError = fault === undefined ? { name: "Error", message: `the plugin's process is gone: ${how}` } : { ...fault, message: `nobody caught an error: ${fault.message}` };
    const entry = this.#entries.find(({ begun, over }) => begun && !over);
    if (entry === undefined) {
      if (this.#plan !== undefined && this.#entries.every(({ over }) => over)) return false;
      throw new MlstackError("MLS8702", `the process that was to load the plugin and its conformance.ts is gone: ${fault?.message ?? how}`, { why: "it ended before the first target was started", fix: "import both by Node alone, and look at what they do" });
    }
    if (entry.current !== undefined) {
      const { title, clause, killers } = entry.planned.cases.find(({ id }) => id === entry.current)!;
      this.#end(entry, { id: entry.current, title, clause, status: "failed", error, ms: 0, ...(killers !== undefined && { killers }) });
    } else {
      this.#close(entry, { error });
    }
    if (entry.outcomes.length === entry.planned.cases.length && !entry.over) this.#close(entry, {});
    return this.#entries.some(({ over }) => !over);
  }

  report({ interrupted }: { readonly interrupted: boolean }): KitReport {
    const targets = this.#entries.map((entry) => this.#reported(entry));
    const all = targets.flatMap(({ cases }) => cases);
    const count = (status: CaseReport["status"]) => all.filter((one) => one.status === status).length;
    const plan = this.#plan;
    return {
      package: plan?.package ?? "", version: plan?.version ?? "", core: plan?.core ?? "", testkit: plan?.testkit ?? "", node: process.versions.node, platform: `${process.platform}-${process.arch}`,
      seed: this.#options.seed, watched: this.#options.watched, interrupted, startedAt: new Date(this.#began).toISOString(), ms: Date.now() - this.#began,
      passed: count("passed"), failed: count("failed"), skipped: count("skipped"), ok: !interrupted && targets.every(({ status }) => status !== "failed"), targets,
    };
  }

  #begin(plan: KitPlan): void {
    this.#plan = plan;
    this.#entries = plan.targets.map((planned) => ({ planned, outcomes: [], accesses: [], current: undefined, begun: false, over: planned.refused !== undefined, skipped: undefined, error: undefined }));
    const { tell, seed } = this.#options;
    tell({ type: "plan", package: plan.package, version: plan.version, seed, targets: plan.targets.length, cases: plan.targets.reduce((sum, { cases }) => sum + cases.length, 0) });
    for (const entry of this.#entries) if (entry.over) tell({ type: "target-end", target: this.#reported(entry) });
  }

  #start(entry: Entry): void {
    entry.begun = true;
    if (entry.outcomes.length === 0) this.#options.tell({ type: "target", contract: entry.planned.contract, flavor: entry.planned.flavor, cases: entry.planned.cases.length });
  }

  #end(entry: Entry, outcome: CaseReport): void {
    entry.current = undefined;
    entry.outcomes.push(outcome);
    this.#options.tell({ type: "case-end", outcome });
  }

  #close(entry: Entry, { skipped, error }: { readonly skipped?: string | undefined; readonly error?: ReportedError | undefined }): void {
    entry.over = true;
    entry.skipped = skipped;
    entry.error = error;
    this.#options.tell({ type: "target-end", target: this.#reported(entry) });
  }

  #reported({ planned, outcomes, accesses, skipped, error, begun }: Entry): TargetReport {
    const { contract, flavor, suite, declared, refused } = planned;
    const head = { contract, flavor, suite };
    if (refused !== undefined) return { ...head, status: "failed", reason: refused, cases: [], notes: [] };
    if (skipped !== undefined) return { ...head, status: "skipped", reason: skipped, cases: [], notes: [] };
    if (!begun) return { ...head, status: "skipped", reason: "the run was interrupted before", cases: [], notes: [] };
    const seen = [...this.#imports, ...accesses];
    const whole = outcomes.length === planned.cases.length && error === undefined;
    // of one that did not start nothing is known but what it reached for until then
    const permissions = permissionCases(seen, this.#options.watched, contract === FORMAT_CONTRACT ? UNHEARD : undefined).filter(({ status }) => error === undefined || outcomes.length > 0 || status === "failed");
    const cases = [...outcomes, ...permissions];
    const nothing = whole && planned.core !== undefined ? unproven(planned.core, outcomes) : undefined;
    const failed = error !== undefined || nothing !== undefined || cases.some(({ status }) => status === "failed");
    return {
      ...head, status: failed ? "failed" : "passed", cases, notes: this.#options.watched && whole ? unusedPermissions(seen, declared) : [],
      ...(nothing !== undefined && { reason: nothing }),
      ...(error !== undefined && { reason: outcomes.length === 0 ? "the target did not start" : "the target did not come to its end in order", error }),
    };
  }
}

/** A place is kept once; what came later knows where in the code it was. */
function add(to: Access[], access: Access): void {
  const at = to.findIndex(({ kind, place }) => kind === access.kind && place === access.place);
  if (at < 0) to.push(access); else if (to[at]!.at === undefined) to[at] = access;
}
