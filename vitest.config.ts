import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: ["packages/*", "examples/*", "tests/*", "scripts"],
    reporters: ["dot"],
    // What a passing test prints is of no interest; a failing one keeps its output.
    silent: "passed-only",
  },
});
