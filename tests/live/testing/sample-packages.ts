import type { PublishedPackage } from "./registry.ts";

/** Leaves a file beside itself when it is run as an install script. */
const SCRIPT = { scripts: { postinstall: "node -e \"require('fs').writeFileSync('ran.txt', '')\"" } };
const native = (os: string, cpu: string): PublishedPackage => ({ name: `@acme/native-${os}-${cpu}`, version: "1.0.0", os: [os], cpu: [cpu], files: { "index.js": "" } });

/**
 * What a plugin's tree can hold: two versions of one package, an alias, optional packages of several platforms, a peer that nobody
 * else provides, a cycle, a prerelease, an install script.
 */
export const SAMPLE: readonly PublishedPackage[] = [
  {
    name: "@acme/plugin", version: "1.2.0", mlstack: { manifestVersion: 1 },
    dependencies: { left: "^1.0.0", other: "npm:right@^2.0.0", "@acme/cycle-a": "1.x" },
    optionalDependencies: { "@acme/native-linux-x64": "1.0.0", "@acme/native-darwin-arm64": "1.0.0", "@acme/native-win32-x64": "1.0.0" },
    peerDependencies: { core: ">=1 <2" }, peerDependenciesMeta: {},
    files: { "index.js": "export default 1;\n" },
  },
  { name: "@acme/plugin", version: "1.3.0", dependencies: { left: "^1.0.0" }, peerDependencies: { core: ">=1 <2" } },
  { name: "core", version: "1.0.0" },
  { name: "core", version: "1.1.0" },
  { name: "left", version: "1.4.0", dependencies: { right: "^1.0.0", scripted: "^1.0.0", beta: "^1.0.0-beta.1" }, peerDependencies: { host: "^3.0.0", "no-such-peer": "*" }, peerDependenciesMeta: { "no-such-peer": { optional: true } } },
  { name: "right", version: "1.0.5" },
  { name: "right", version: "2.1.0", dependencies: { "@acme/cycle-b": "^1.0.0" } },
  { name: "scripted", version: "1.0.0", ...SCRIPT },
  { name: "beta", version: "1.0.0-beta.2" },
  { name: "host", version: "3.0.0", dependencies: { "host-only": "^1.0.0" } },
  { name: "host-only", version: "1.0.0" },
  { name: "@acme/cycle-a", version: "1.0.0", dependencies: { "@acme/cycle-b": "1" } },
  { name: "@acme/cycle-b", version: "1.0.0", dependencies: { "@acme/cycle-a": "1" } },
  native("linux", "x64"), native("darwin", "arm64"), native("win32", "x64"),
  { name: "own-scripted", version: "1.0.0", ...SCRIPT },
  { name: "unrelated", version: "1.0.0", dependencies: { right: "^2.0.0" } },
  { name: "wants-core-2", version: "1.0.0", peerDependencies: { core: "^2.0.0" } },
];
