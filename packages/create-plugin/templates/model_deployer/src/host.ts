// The process of one deployment: owns its port, and shares requests among the versions behind it. node host.ts FOLDER NAME PORT
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import type { DeployFault, InferRequest } from "@mlstack/core";
import { startVersion, type RunningVersion } from "./version.ts";

const [dir = "", name = "", port = "0"] = process.argv.slice(2);
const token = process.env["ACME_TOKEN"] ?? "";
// threads that run a model's code need not know it
delete process.env["ACME_TOKEN"];

class Refused extends Error {
  readonly reason: DeployFault;
  constructor(reason: DeployFault, message: string) { super(message); this.reason = reason; }
}

let versions: RunningVersion[] = [];
const ready = (): RunningVersion[] => versions.filter((one) => one.state === "ready");

/** No new requests for a version; it goes when those that it has are answered. */
async function drain(version: RunningVersion): Promise<void> {
  version.state = "draining";
  version.traffic = 0;
  await version.idle();
  await version.end();
  versions = versions.filter((one) => one !== version);
}

/** Gives a version its share; the one that has most beside it keeps the rest, and no third one stays. */
function give(version: RunningVersion, traffic: number): void {
  const [other, ...more] = ready().filter((one) => one !== version).toSorted((a, b) => b.traffic - a.traffic);
  for (const one of traffic === 1 ? ready().filter((each) => each !== version) : more) void drain(one);
  version.traffic = traffic;
  if (traffic < 1 && other !== undefined) other.traffic = Math.round((1 - traffic) * 100) / 100;
}

function deploy(id: string, { replicas, traffic }: { readonly replicas: number; readonly traffic: number }): void {
  const there = versions.find((one) => one.id === id && (one.state === "ready" || one.state === "pending"));
  // what has failed, and what is being brought up and nobody wants any more, goes
  for (const one of versions.filter((each) => each !== there && (each.state === "failed" || each.state === "pending"))) void drain(one);
  const version = there ?? startVersion(join(dir, "versions", id), replicas);
  if (there === undefined) versions.push(version);
  version.wanted = traffic;
  version.scale(replicas);
  if (version.state === "ready") give(version, traffic);
  else if (there === undefined) void giveWhenLoaded(version);
}

async function giveWhenLoaded(version: RunningVersion): Promise<void> {
  // where another one has come meanwhile this one is being drained
  if (await version.loaded && version.state === "ready") give(version, ready().length === 1 ? 1 : version.wanted);
}

function setTraffic({ version: id, traffic }: { readonly version: string; readonly traffic: number }): void {
  const version = versions.find((one) => one.id === id);
  if (version === undefined) throw new Refused("not-found", `there is no version ${JSON.stringify(id)}`);
  if (version.state !== "ready") throw new Refused("not-ready", `the version ${id} is ${version.state}`);
  if (traffic < 1 && ready().length === 1) throw new Refused("invalid", "there is no other version that could take the rest of the traffic");
  give(version, traffic);
}

async function infer(request: InferRequest): Promise<object> {
  let at = Math.random();
  const version = ready().find((one) => (at -= one.traffic) < 0) ?? ready().find((one) => one.traffic > 0);
  if (version === undefined) throw new Refused("not-ready", "no version is ready");
  const { outputs, fault } = await version.infer(request);
  if (fault !== undefined) throw new Refused(fault.reason, fault.message);
  return { ...(request.id !== undefined && { id: request.id }), version: version.id, outputs };
}

async function answer(method: string, path: string, body: unknown, isAdmin: boolean): Promise<object> {
  if (method === "POST" && path === `/v2/models/${name}/infer`) return infer(body as InferRequest);
  if (!isAdmin || !path.startsWith("/admin")) throw new Refused("not-found", `${method} ${path} is nothing that is served here`);
  if (path.startsWith("/admin/deploy/")) deploy(path.slice("/admin/deploy/".length), body as Parameters<typeof deploy>[1]);
  if (path === "/admin/traffic") setTraffic(body as Parameters<typeof setTraffic>[0]);
  if (path === "/admin/stop") await Promise.all(versions.map(async (one) => drain(one)));
  return versions.map(({ id, digest, state, traffic, replicas, reason }) => ({ id, digest, state, traffic, replicas, ...(reason !== undefined && { reason }) }));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return parts.length === 0 ? undefined : (JSON.parse(Buffer.concat(parts).toString("utf8")) as unknown);
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "GET", url = "/" } = request;
  const send = (status: number, body: object): void => { response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)); };
  try {
    const body = await answer(method, url, await bodyOf(request), request.headers.authorization === `Bearer ${token}`);
    // the port is free when who has asked for the end hears of it
    if (url === "/admin/stop") server.close(() => { process.exit(0); });
    send(200, body);
  } catch (e) { send(e instanceof Refused ? 409 : 500, { reason: e instanceof Refused ? e.reason : "failed", error: e instanceof Error ? e.message : String(e) }); }
}

const server = createServer((request, response) => { void serve(request, response); });
server.once("error", (e: NodeJS.ErrnoException) => { process.send?.({ error: e.code ?? e.message }, () => { process.exit(1); }); });
server.listen(Number(port), "127.0.0.1", () => { process.send?.({ port: (server.address() as AddressInfo).port }); });
