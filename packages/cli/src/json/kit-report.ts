import { z } from "zod";

/*
 * What a run of a plugin's conformance kit found (`KitReport` of @mlstack/testkit/conformance/run). The kit is the plugin's own: its version may be another one than
 * that of the CLI, so more than this may be in it.
 */

export const reportedError = z.looseObject({
  name: z.string(), message: z.string(), code: z.string().optional().describe("of mlstack's own errors"), why: z.string().optional(), fix: z.string().optional(),
  at: z.string().optional().describe("the innermost place in the plugin's folder: file:line:column"), stack: z.string().optional(), get cause() { return reportedError.optional(); },
});

const status = z.enum(["passed", "failed", "skipped"]);

export const caseReport = z.looseObject({
  id: z.string(), title: z.string(), clause: z.string().describe("the words of the contract"), status, reason: z.string().optional().describe("why it was skipped"), error: reportedError.optional(), ms: z.number(),
  killers: z.array(z.string()).optional().describe("known-bad components that the case refuses"),
});

export const targetReport = z.looseObject({
  contract: z.string(), flavor: z.string().describe("of formats the format's id"), suite: z.string().describe("where the cases are from, with its version"), status,
  reason: z.string().optional().describe("why it was skipped, or failed as a whole"), error: reportedError.optional(), cases: z.array(caseReport), notes: z.array(z.string()),
});

export const kitReport = z.looseObject({
  package: z.string(), version: z.string(), core: z.string(), testkit: z.string(), node: z.string(), platform: z.string(), seed: z.int().describe("gives what is random in targets again: --seed"), watched: z.boolean().describe("whether what the plugin reaches for was compared with its manifest"),
  interrupted: z.boolean(), startedAt: z.iso.datetime(), ms: z.number(), passed: z.int(), failed: z.int(), skipped: z.int(), ok: z.boolean(), targets: z.array(targetReport),
});
