import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: ["packages/*", "examples/*", "tests/*", "scripts"],
    reporters: ["dot"],
    // tests of processes wait more than they compute; by default a machine with 2 cores would have one worker
    maxWorkers: Math.max(2, availableParallelism()),
    // What a passing test prints is of no interest; a failing one keeps its output.
    silent: "passed-only",
  },
});
