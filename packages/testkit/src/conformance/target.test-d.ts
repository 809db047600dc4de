import type { ArtifactStore, Component, Orchestrator } from "@mlstack/core";
import { expectTypeOf, test } from "vitest";
import { artifactStoreSuite } from "./artifact-store/index.ts";
import { orchestratorSuite } from "./orchestrator/index.ts";
import type { ConformanceSuite } from "./suite.ts";
import { conformanceTarget, type ComponentOf } from "./target.ts";

test("what is opened has the type that the suite's subject opens", () => {
  conformanceTarget(artifactStoreSuite, { flavor: "acme", start({ open }) { expectTypeOf(open({})).resolves.toEqualTypeOf<ArtifactStore>(); return { subject: { open: () => open({}) } }; } });
  conformanceTarget(orchestratorSuite, { flavor: "acme", start({ open, client }) { expectTypeOf(open()).resolves.toEqualTypeOf<Orchestrator>(); return { subject: { open, client: client() } }; } });
});

test("a contract of somebody else's has its own component; a subject without one has any", () => {
  interface Index extends Component { query(vector: readonly number[]): Promise<readonly string[]> }
  expectTypeOf<ComponentOf<{ open(): Promise<Index> }>>().toEqualTypeOf<Index>();
  expectTypeOf<ComponentOf<{ readonly samples: readonly string[] }>>().toEqualTypeOf<Component>();
});

test("the subject is the suite's, and a target that can't be tested here gives none", () => {
  // @ts-expect-error -- an artifact store's subject opens one
  conformanceTarget(artifactStoreSuite, { flavor: "acme", start: () => ({ subject: {} }) });
  const url = "" as string | undefined;
  conformanceTarget({} as ConformanceSuite<{ readonly url: string }, unknown, never>, { flavor: "acme", start({ skip }) {
    if (url === undefined) return skip("no service");
    return { subject: { url } };
  } });
});
