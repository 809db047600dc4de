import type { Rule } from "../rule.ts";
import { configRules } from "./config-rules.ts";
import { dependencyRules } from "./dependency-rules.ts";
import { fileRules } from "./file-rules.ts";
import { manifestRules } from "./manifest-rules.ts";
import { packageRules } from "./package-rules.ts";

/** All of them, in the order in which they are shown. */
export const RULES: readonly Rule[] = [...packageRules, ...dependencyRules, ...manifestRules, ...configRules, ...fileRules];
