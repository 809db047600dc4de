import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MlstackError, serializeError } from "@mlstack/core";
import { endWithParent } from "../../step/end-with-parent.ts";
import { endOwnGroup } from "../../step/own-group.ts";
import type { VersionRecord } from "../deployment-folder.ts";
import type { FromModel, ToModel } from "./messages.ts";
import { loadModel, type ServedModel } from "./served-model.ts";

/** The program of a process that answers requests to one version of a model; its supervisor starts it, and it ends with that. */
async function main(dir: string, projectDir: string): Promise<void> {
  endWithParent();
  process.once("disconnect", () => endOwnGroup());
  // the supervisor decides when it ends
  for (const name of ["SIGINT", "SIGHUP"] as const) process.on(name, () => undefined);
  process.setSourceMapsEnabled(true);
  const send = (message: FromModel) => new Promise<void>((done) => { if (process.send === undefined || !process.connected || !process.send(message, () => done())) done(); });
  let model: ServedModel;
  try {
    model = await loadModel(JSON.parse(readFileSync(join(dir, "version.json"), "utf8")) as VersionRecord, dir, projectDir);
  } catch (e) {
    console.error(e);
    await send({ kind: "failed", message: messageOf(e) });
    process.exit(1);
  }
  const answer = ({ call, inputs }: ToModel) => {
    model.infer(inputs).then((outputs) => send({ kind: "answer", call, outputs }), (e: unknown) => {
      const isInvalid = MlstackError.is(e, "MLS6003") && e.details?.["reason"] === "invalid";
      if (!isInvalid) console.error(e);
      return send({ kind: "refused", call, fault: isInvalid ? "invalid" : "failed", message: messageOf(e) });
    });
  };
  // requests that come together are answered one by one: each answer leaves before the next computation, which may take this thread for long
  process.on("message", (message: ToModel) => { setImmediate(answer, message); });
  await send({ kind: "ready", metadata: model.metadata });
}

function messageOf(e: unknown): string {
  const { name, message, fix } = serializeError(e);
  return `${name === "MlstackError" || name === "Error" ? "" : `${name}: `}${message}${fix === undefined ? "" : ` (${fix})`}`;
}

await main(process.argv[2]!, process.argv[3]!);
