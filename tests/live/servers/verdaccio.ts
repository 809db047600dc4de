import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onFreePort, startServer } from "./process.ts";
import { npmFolder } from "./tools.ts";

/** Verdaccio: a registry of npm's, without any other behind it unless one is named. What is in the scope `@private` is shown to users only; publishing takes one. */
export interface Verdaccio {
  /** With a slash at its end. */
  readonly url: string;
  /** Of its one user. */
  readonly token: string;
  /**
   * Publishes a tarball as `npm publish` does.
   *
   * @param packageJson what the registry is told of it; by this it announces the version
   * @returns the answer's status
   */
  publish(packageJson: Readonly<Record<string, unknown>>, tarball: Uint8Array, token?: string): Promise<number>;
  log(): string;
  stop(): Promise<void>;
}

/** Installs it. One of its dependencies is named by a tag that not every registry has, so it gets a version. */
export async function install(): Promise<string> {
  return join(await npmFolder("verdaccio@6.8.0", { "node-fetch": "2.7.0" }), "node_modules", "verdaccio", "bin", "verdaccio");
}

export interface VerdaccioOptions {
  /** A registry that is asked for all packages but `own`. */
  readonly behind?: { readonly url: string; readonly own: readonly string[] } | undefined;
}

export async function startVerdaccio({ behind }: VerdaccioOptions = {}): Promise<Verdaccio> {
  const program = await install();
  const data = mkdtempSync(join(tmpdir(), "mlstack-verdaccio-"));
  const config = join(data, "config.json");
  const rule = (access: string): object => ({ access, publish: "$authenticated", unpublish: "$authenticated" });
  // YAML reads JSON
  writeFileSync(config, JSON.stringify({
    storage: join(data, "storage"), auth: { htpasswd: { file: join(data, "htpasswd"), max_users: 10 } }, uplinks: behind === undefined ? {} : { behind: { url: behind.url, timeout: "60s" } },
    // the first that fits
    packages: { "@private/*": rule("$authenticated"), ...Object.fromEntries((behind?.own ?? []).map((name) => [name, rule("$all")])), "**": { ...rule("$all"), ...(behind !== undefined && { proxy: "behind" }) } }, web: { enable: false },
    log: { type: "stdout", format: "pretty", level: "warn" },
  }));
  const server = await onFreePort((port) => startServer({ name: "verdaccio", command: process.execPath, args: [program, "--config", config, "--listen", `http://127.0.0.1:${port}`], ready: `http://127.0.0.1:${port}/-/ping`, temporary: [data] }));
  const url = `${server.url}/`;
  const put = (path: string, body: unknown, token: string | undefined): Promise<Response> => fetch(`${url}${path}`, { method: "PUT", headers: { "content-type": "application/json", ...(token !== undefined && { authorization: `Bearer ${token}` }) }, body: JSON.stringify(body) });
  const login = await put("-/user/org.couchdb.user:tester", { name: "tester", password: "for tests only" }, undefined);
  const { token } = await login.json() as { readonly token: string };

  return {
    url, token, log: server.log, stop: () => server.stop(),
    async publish(packageJson, tarball, by = token) {
      const { name, version } = packageJson as { readonly name: string; readonly version: string };
      const file = `${name}-${version}.tgz`;
      const digest = (algorithm: string, encoding: "hex" | "base64"): string => createHash(algorithm).update(tarball).digest(encoding);
      const dist = { integrity: `sha512-${digest("sha512", "base64")}`, shasum: digest("sha1", "hex"), tarball: `${url}${name}/-/${file}` };
      const answer = await put(name.replace("/", "%2f"), {
        _id: name, name, "dist-tags": { latest: version }, versions: { [version]: { ...packageJson, _id: `${name}@${version}`, dist } },
        _attachments: { [file]: { content_type: "application/octet-stream", data: Buffer.from(tarball).toString("base64"), length: tarball.length } },
      }, by);
      await answer.arrayBuffer();
      return answer.status;
    },
  };
}
