import { createServer, type AddressInfo, type Socket } from "node:net";
import { hostname } from "node:os";
import { eachLine, type ActorHello, type ActorWord, type Cue } from "../actor.ts";

/** A step that the test plays: it does what it is told. */
export interface Actor extends ActorHello {
  /** Resolves when its connection is closed, which the system does at the latest when its process is gone. */
  readonly gone: Promise<void>;
  readonly isGone: boolean;
  /** Resolves with the reason when its signal is aborted. */
  readonly aborted: Promise<string>;
  /** Has it do what it does not come back from. */
  tell(cue: Cue): void;
  /** Has it do something; resolves when that is done. @throws where it is gone before */
  ask(cue: Cue): Promise<Readonly<Record<string, string>>>;
}

/** Where actors are expected. */
export interface Stage {
  /** What an actor of this name needs to be told, for `CONFORMANCE_STAGE`. */
  at(token: string): string;
  /** The first that has come, or comes, under this name; or another one, by its number from 0. */
  actor(token: string, n?: number): Promise<Actor>;
  /** All that have come under this name. */
  actors(token: string): readonly Actor[];
  /** Ends those that are still there. */
  close(): Promise<void>;
}

export async function openStage(host: string): Promise<Stage> {
  const actors: Actor[] = [];
  const arrivals = new Set<() => void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    meet(socket, (actor) => {
      actors.push(actor);
      for (const look of arrivals) look();
    });
  });
  // what is on another machine comes by another of this one's addresses
  await new Promise<void>((done, fail) => { server.once("error", fail).listen(0, host === "127.0.0.1" ? host : undefined, done); });
  const { port } = server.address() as AddressInfo;
  const known = (token: string) => actors.filter((one) => one.token === token);
  return {
    at: (token) => `${host}:${port}/${token}`,
    actor: async (token, n = 0) => new Promise((found) => {
      const look = () => {
        const actor = known(token)[n];
        if (actor === undefined) return;
        arrivals.delete(look);
        found(actor);
      };
      arrivals.add(look);
      look();
    }),
    actors: known,
    async close() {
      for (const one of actors) if (!one.isGone && one.host === hostname() && one.pid !== process.pid) endProcess(one.pid);
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => { server.close(() => done()); });
    },
  };
}

function meet(socket: Socket, met: (actor: Actor) => void): void {
  const answers: { readonly done: (answer: Readonly<Record<string, string>>) => void; readonly failed: (error: Error) => void }[] = [];
  let isGone = false;
  let abort!: (reason: string) => void;
  const aborted = new Promise<string>((done) => { abort = done; });
  const gone = new Promise<void>((done) => {
    socket.once("close", () => {
      isGone = true;
      for (const { failed } of answers.splice(0)) failed(new Error("the step has ended, and was to do something"));
      done();
    });
  });
  // a process that is killed may reset it
  socket.on("error", () => undefined);
  const tell = (cue: Cue) => { if (!isGone) socket.write(`${JSON.stringify(cue)}\n`); };
  eachLine(socket, (line) => {
    const { hello, aborted: reason, answer } = JSON.parse(line) as ActorWord;
    if (hello !== undefined) met({ ...hello, gone, aborted, tell, get isGone() { return isGone; }, async ask(cue) {
      if (isGone) throw new Error("the step has ended, and was to do something");
      return new Promise((done, failed) => { answers.push({ done, failed }); tell(cue); });
    } });
    if (reason !== undefined) abort(reason);
    if (answer !== undefined) answers.shift()?.done(answer);
  });
}

function endProcess(pid: number): void {
  try { process.kill(pid, "SIGKILL"); } catch { /* it has ended */ }
}
