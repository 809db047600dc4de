import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubCli, type HubCli } from "./testing/hub-cli.ts";

const [X, Y, LIB] = ["@acme/mlstack-plugin-x", "@acme/mlstack-plugin-y", "@acme/lib"];
let p: HubCli;
beforeAll(async () => {
  p = await hubCli();
  p.server.publish({ name: LIB, plain: true });
  p.server.publish({ name: X, dependencies: { [LIB]: "^1.0.0" } });
  await p.data("install", X, "-y");
  p.server.publish({ name: X, version: "1.1.0", dependencies: { [LIB]: "^1.0.0" } });
  p.server.publish({ name: Y });
}, 120_000);
afterAll(() => p.close());

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const status = (code: number, type = "application/json"): Answer => (_, response) => { response.writeHead(code, { "content-type": type }).end(type === "application/json" ? '{"error":"no"}' : "<!doctype html><html>log in</html>"); };
const body = (text: string): Answer => (_, response) => { response.writeHead(200, { "content-type": "application/json" }).end(text); };
const UNREACHABLE = [6, "MLS8101"] as const;
const NO_REGISTRY = [6, "MLS8104"] as const;

/** What goes wrong with every answer, and what it is called: as exit code and code. */
const TROUBLE: Readonly<Record<string, { readonly answer: Answer; readonly is: readonly [number, string] }>> = {
  "a closed connection": { answer: ({ socket }) => { socket.destroy(); }, is: UNREACHABLE },
  "a connection that is reset within the answer": { answer: ({ socket }, response) => { response.writeHead(200, { "content-length": "100000" }).write("{", () => { socket.resetAndDestroy(); }); }, is: UNREACHABLE },
  "an answer that is shorter than it says": { answer: ({ socket }, response) => { response.writeHead(200, { "content-length": "100000" }).write('{"name":', () => { socket.end(); }); }, is: UNREACHABLE },
  "no answer in time": { answer: () => { /* for ever */ }, is: UNREACHABLE },
  "a way that leads in a circle": { answer: ({ url }, response) => { response.writeHead(302, { location: url }).end(); }, is: UNREACHABLE },
  "status 404": { answer: status(404), is: [4, "MLS8102"] },
  "status 401": { answer: status(401), is: [1, "MLS8103"] },
  "status 403": { answer: status(403), is: [1, "MLS8103"] },
  "status 429": { answer: status(429), is: UNREACHABLE },
  "status 500": { answer: status(500), is: UNREACHABLE },
  "status 503": { answer: status(503, "text/html"), is: UNREACHABLE },
  "a page to log in at": { answer: status(200, "text/html"), is: NO_REGISTRY },
  "JSON of something else": { answer: body('{"ok":true}'), is: NO_REGISTRY },
  "half of a JSON": { answer: body('{"name":"@acme'), is: NO_REGISTRY },
};

async function during<T>(answer: Answer, path: RegExp, work: () => Promise<T>): Promise<T> {
  p.env["npm_config_fetch_timeout"] = answer === TROUBLE["no answer in time"]!.answer ? "1000" : "60000";
  p.server.meddle(path, answer);
  try { return await work(); } finally { p.server.meddle(path, undefined); }
}

/** All verbs that ask a registry, and write nothing; `search` says it beside what it knows. */
const VERBS = [["install", Y, "--dry-run"], ["info", Y], ["outdated"], ["upgrade", "--plan"], ["verify", "--deep"]] as const;

describe.each(Object.entries(TROUBLE))("%s", (_, { answer, is }) => {
  test("has its code and exit code with every verb, and none of them is that of a difference of bytes", async () => {
    const before = p.state();
    const ends = await during(answer, /./, async () => {
      const found = [];
      for (const args of VERBS) found.push([args.join(" "), await p.end(...args)]);
      const search = await p.mlstack("integration", "search", "s3", "--json");
      return [...found, [search.code, search.stdout.includes("only the catalog was searched")]];
    });
    expect(ends).toEqual([...VERBS.map((args) => [args.join(" "), is]), [0, true]]);
    expect(p.state()).toEqual(before);
  }, 120_000);

  test("has them in the place of a tarball, too, and nothing is changed", async () => {
    const before = p.state();
    expect(await during(answer, /\.tgz$/, async () => p.end("install", Y, "-y"))).toEqual(is);
    expect(p.state()).toEqual(before);
  }, 120_000);
});

describe("a registry that is not there", () => {
  const closed = async (): Promise<string> => {
    const server = createServer();
    await new Promise<void>((done) => { server.listen(0, "127.0.0.1", done); });
    const { port } = server.address() as AddressInfo;
    await new Promise((done) => { server.close(done); });
    return `http://127.0.0.1:${port}/`;
  };
  // a machine without a network may look for a host for long
  test.each<[string, () => Promise<string>]>([["nobody listens", closed], ["no such host", async () => "http://no-such-host.invalid/"]])("%s", async (_, url) => {
    const at = await url();
    for (const args of VERBS) expect([args.join(" "), await p.end(...args, "--registry", at)]).toEqual([args.join(" "), UNREACHABLE]);
  }, 240_000);
});

describe("what is told apart", () => {
  let q: HubCli;
  beforeAll(async () => { q = await hubCli(); });
  afterAll(() => q.close());

  test("unreachable, not found, not allowed, incompatible, other bytes, lost provenance, forbidden, too new: each has its code, and leaves all as it was", async () => {
    const version = (name: string, more: object = {}): void => { q.server.publish({ name, ...more }); };
    version("@acme/kept", { provenance: true });
    version("@acme/old-core", { core: "^7.0.0" });
    version("@acme/forged", { forged: true });
    version("@acme/new", { publishedAt: new Date().toISOString() });
    version("@other/x");
    q.write("project/mlstack.yaml", 'integrations:\n  allowed: ["@acme"]\n');
    await q.data("install", "@acme/kept", "-y");
    version("@acme/kept", { version: "1.1.0" });
    const before = q.state();
    const found: Record<string, unknown> = {};
    for (const name of ["@acme/none", "@acme/old-core", "@acme/forged", "@acme/new", "@other/x", "@acme/kept@1.1.0"]) found[name] = await q.end("install", name, "-y");
    // an upgrade that would lose it stays where it is, and says why
    expect(await q.data("outdated")).toEqual([expect.objectContaining({ wanted: "1.0.0", latest: "1.1.0", blocked: expect.objectContaining({ code: "MLS8406" }) as unknown })]);
    q.server.meddle(/secret/, status(403));
    found["@acme/secret"] = await q.end("install", "@acme/secret", "-y");
    q.server.goAway();
    found["@acme/away"] = await q.end("install", "@acme/away", "-y");
    expect(found).toEqual({
      "@acme/none": [4, "MLS8102"], "@acme/old-core": [4, "MLS2004"], "@acme/forged": [5, "MLS8201"], "@acme/new": [4, "MLS8405"], "@other/x": [4, "MLS8404"], "@acme/kept@1.1.0": [4, "MLS8406"], "@acme/secret": [1, "MLS8103"], "@acme/away": UNREACHABLE,
    });
    expect(q.state()).toEqual(before);
  }, 120_000);

  test("what npm meets itself, after the tarball was checked, is told in the same way", async () => {
    const r = await hubCli();
    try {
      r.server.publish({ name: X });
      // mlstack's own request is the first
      const afterFirst = (answer: Answer): void => {
        let asked = 0;
        const bytes = r.server.tarball(X, "1.0.0");
        r.server.meddle(/\.tgz$/, (request, response) => { if (asked++ === 0) response.end(bytes); else answer(request, response); });
      };
      const before = r.state();
      for (const [answer, is] of [[status(503), UNREACHABLE], [status(403), [1, "MLS8103"]], [({ socket }, response) => { response.writeHead(200, { "content-length": "100000" }).write("x", () => { socket.destroy(); }); }, UNREACHABLE]] as const satisfies readonly (readonly [Answer, readonly [number, string]])[]) {
        r.env["MLSTACK_CACHE_DIR"] = `${r.folder}/cache-${r.server.asked.length}`;
        afterFirst(answer);
        expect(await r.end("install", X, "-y")).toEqual(is);
        expect([r.state(), r.installed(X)]).toEqual([before, undefined]);
      }
    } finally { await r.close(); }
  }, 120_000);
});
