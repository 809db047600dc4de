import { pluginConformance } from "@mlstack/testkit/conformance";
import { test } from "vitest";
import targets from "./conformance.ts";

pluginConformance(test, import.meta.dirname, targets);
