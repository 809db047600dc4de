import assert from "node:assert/strict";
import { NotApplicable } from "../suite.ts";
import { assertExit, type OrchestratorCase } from "./tools.ts";

export const endCases: readonly OrchestratorCase[] = [
  {
    id: "end.code", title: "a step's process that exits has its exit code", clause: "How a process ended. Null where there is none. `exited`: by itself, with a code", needs: ["launch", "process"],
    async run({ start }) {
      for (const [n, code] of [0, 1, 3, 255].entries()) {
        const { handle, actor } = await start({ node: `actor@${n}` });
        actor.tell({ do: "exit", code });
        assertExit(await handle.ended, code);
        await actor.gone;
      }
    },
  },
  {
    id: "end.killed", title: "a step's process that somebody kills has been killed, and not by a cancel", clause: "`killed`: by a signal, whoever sent it. Whose doing it was, where the flavor knows: `cancel` for our own demand", needs: ["launch", "process"],
    async run({ start }) {
      const { handle, actor } = await start();
      actor.tell({ do: "die" });
      const end = await handle.ended;
      // of a service that knows codes only, one above 128 is that of a signal
      assert.ok(end.status === "killed" || (end.status === "exited" && (end.exitCode ?? 0) > 128), JSON.stringify(end));
      assert.notEqual(end.blame, "cancel", "nobody has cancelled it");
      await actor.gone;
    },
  },
  {
    id: "end.tail", title: "what a process printed last, before it was killed, is in its tail", clause: "What the process printed: the last lines before a crash. At most 64 KiB", needs: ["launch", "process"],
    async run({ start }) {
      const { handle, actor } = await start();
      if (handle.tail === undefined) throw new NotApplicable("what steps print is all in the journal (tail)");
      // what is cut within a character must not become larger by it
      for (let n = 0; n < 12; n++) await actor.ask({ do: "print", text: `${n}${"\u{1F600}".repeat(2048)}\n` });
      await actor.ask({ do: "print", text: "and the last words!\n" });
      actor.tell({ do: "die" });
      await handle.ended;
      const tail = await handle.tail();
      assert.ok(Buffer.byteLength(tail) <= 64 * 1024, `it is of ${Buffer.byteLength(tail)} bytes`);
      assert.ok(tail.trimEnd().endsWith("and the last words!"), `it ends with ${JSON.stringify(tail.slice(-100))}`);
    },
  },
  {
    id: "end.stays", title: "a step that has ended stays so: it is cancelled in vain, and its end is as it was", clause: "Cancelling what has ended is no error", needs: ["launch"],
    async run({ start }) {
      const { handle, actor } = await start();
      actor.tell({ do: "return" });
      const end = await handle.ended;
      assertExit(end, 0);
      const { id } = handle;
      await handle.cancel("too late");
      await handle.cancel("much too late");
      await handle.tail?.();
      assert.deepEqual([await handle.ended, handle.id], [end, id]);
      // what was demanded in vain is not kept for another one
      const next = await start({ attempt: 2 });
      next.actor.tell({ do: "return" });
      assertExit(await next.handle.ended, 0);
    },
  },
];
