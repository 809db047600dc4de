import type { StackSpec } from "../stack/stack.ts";

/** What a project runs on where nothing else is configured. */
export const LOCAL_STACK: StackSpec = {
  name: "local",
  components: {
    artifact_store: { name: "local_artifact_store", flavor: "local" },
    orchestrator: { name: "local_orchestrator", flavor: "local" },
    experiment_tracker: { name: "local_tracker", flavor: "local" },
  },
};
