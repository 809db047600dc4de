import { describe, expect, test } from "vitest";
import { judge, type Permitted } from "./judge.ts";
import type { Asked } from "./seen.ts";

const none = { hosts: [], files: [], processes: [], env: [] };
const permitted = (declared: Partial<Permitted["declared"]>, config: readonly string[] = []): Permitted => ({ declared: { ...none, ...declared }, config, projectDir: "/kit/project", packageDir: "/src/acme", tempDir: "/kit", home: "/homes/ada" });
const isAllowed = (asked: Asked, of: Permitted) => judge(asked, of).allowed;
const host = (name: string, declared: string[], config: string[] = [], port?: number) => isAllowed({ kind: "hosts", host: name, port }, permitted({ hosts: declared }, config));
const file = (path: string, declared: string[], how: "look" | "read" | "write" = "read", config: string[] = []) => isAllowed({ kind: "files", path, how }, permitted({ files: declared }, config));

describe("hosts", () => {
  test("by their names, case apart; `*.` stands for what is below, and not for the name itself", () => {
    expect([host("api.acme.com", ["api.acme.com"]), host("API.acme.com", ["api.ACME.com"]), host("acme.com", ["api.acme.com"])]).toEqual([true, true, false]);
    expect([host("a.b.acme.com", ["*.acme.com"]), host("acme.com", ["*.acme.com"]), host("evilacme.com", ["*.acme.com"])]).toEqual([true, false, false]);
  });

  test("this machine is the same by each of its names, and no other", () => {
    expect([host("::1", ["localhost"]), host("localhost", ["127.0.0.1"]), host("127.0.0.9", ["localhost"]), host("128.0.0.1", ["localhost"]), host("localhost.evil.com", ["localhost"])]).toEqual([true, true, true, false, false]);
  });

  test("with a port where the manifest has one", () => {
    expect([host("acme.com", ["acme.com:8443"], [], 8443), host("acme.com", ["acme.com:8443"], [], 443)]).toEqual([true, false]);
  });

  test("`*` is what the configuration names, as a URL, as host and port, in a list, and what is below it", () => {
    for (const config of ["https://acme.com/x", "acme.com", "acme.com:9092", "other.com:1, acme.com:9092", "postgres://user@acme.com/db"]) expect([config, host("acme.com", ["*"], [config]), host("bucket.acme.com", ["*"], [config]), host("acme.org", ["*"], [config])]).toEqual([config, true, true, false]);
    expect([host("::1", ["*"], ["http://[::1]:80/"]), host("fe80::1", ["*"], ["[fe80::1]:80"]), host("acme.com", ["*"])]).toEqual([true, true, false]);
  });
});

describe("files", () => {
  test("folders with all that is in them; `~` is the home", () => {
    expect([file("/data/x", ["/data"]), file("/data", ["/data"]), file("/data2/x", ["/data"]), file("/data/../etc/x", ["/data"])]).toEqual([true, true, false, false]);
    expect([file("/homes/ada/.acme/key", ["~/.acme"]), file("/homes/ada/.acmes", ["~/.acme"]), file("/homes/bob/.acme/key", ["~/.acme"])]).toEqual([true, false, false]);
    expect(file("/data/..hidden", ["/data"])).toBe(true);
  });

  test("`*` is what the configuration names; a configuration that names the root allows nothing more", () => {
    expect([file("/data/x", ["*"], "write", ["/data"]), file("/data/x", ["*"], "write", ["file:///data"]), file("/data/x", ["*"]), file("/etc/x", ["*"], "read", ["/"])]).toEqual([true, true, false, false]);
  });

  test("of the package and node_modules it may read and not write; in the kit's folders it may do both", () => {
    expect([file("/src/acme/dist/x.js", []), file("/src/acme/dist/x.js", [], "write"), file("/src/node_modules/a/x", []), file("/src/node_modules/a/x", [], "write")]).toEqual([true, false, true, false]);
    expect([file("/kit/project/x", [], "write"), file("/kit/tmp/x", [], "write"), file("/src/package.json", []), file("/other/package.json", [])]).toEqual([true, true, true, false]);
  });

  test("what lies above something that is allowed may be looked at, and not read", () => {
    expect([file("/data", ["/data/deep"], "look"), file("/data", ["/data/deep"]), file("/", [], "look"), file("/etc", [], "look")]).toEqual([true, false, true, false]);
  });
});

describe("programs and variables", () => {
  const program = (name: string, declared: string[]) => isAllowed({ kind: "processes", program: name }, permitted({ processes: declared }));
  const variable = (name: string, declared: string[]) => isAllowed({ kind: "env", name }, permitted({ env: declared }));

  test("a program by its name, wherever it lies; `*` is any", () => {
    expect([program("/usr/bin/docker", ["docker"]), program("docker", ["/usr/bin/docker"]), program("dockerd", ["docker"]), program("C:\\x\\Docker.EXE", ["docker"]), program("anything", ["*"])]).toEqual([true, true, false, true, true]);
  });

  test("a variable that needs no permission counts as seen where it is declared", () => {
    expect([judge({ kind: "env", name: "PATH" }, permitted({ env: ["PATH"] })), judge({ kind: "env", name: "PATH" }, permitted({}))]).toEqual([{ allowed: true, by: "PATH" }, { allowed: true }]);
  });

  test("a variable by its name, or its beginning; to list them all is `*`", () => {
    expect([variable("ACME_A", ["ACME_A"]), variable("ACME_B", ["ACME_A"]), variable("ACME_B", ["ACME_*"]), variable("ACMEX", ["ACME_*"]), variable("*", ["ACME_*"]), variable("*", ["*"]), variable("HOME", [])]).toEqual([true, false, true, false, false, true, true]);
  });
});
