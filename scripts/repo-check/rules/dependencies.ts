import { satisfies } from "semver";
import { isPlugin, rangesOf, type Repo, type Rule } from "../repo.ts";

const EXACT = /^\d+\.\d+\.\d+$/;
const CARET = /^\^\d+\.\d+\.\d+$/;

function versionsByName(repo: Repo): Map<string, string> {
  return new Map(repo.workspaces.map(({ manifest }) => [manifest.name ?? "", manifest.version ?? ""]));
}

/** npm asks the registry for a workspace package whose version does not fit the range: a silent swap of code. */
export const internalRanges: Rule = {
  name: "ranges of workspace packages fit their versions",
  check(repo) {
    const versions = versionsByName(repo);
    return repo.workspaces.flatMap(({ folder, manifest }) =>
      rangesOf(manifest).flatMap(({ field, name, range }) => {
        const version = versions.get(name);
        const fits = version === undefined || satisfies(version, range, { includePrerelease: true });
        return fits ? [] : [`${folder}/package.json: ${field} wants ${name} ${range}, the workspace has ${version}`];
      }),
    );
  },
};

/** A plugin that depended on pipeline, engine or another plugin would pull a second copy of the system into a project. */
export const pluginPeers: Rule = {
  name: "a plugin has @mlstack/core as its only peer",
  check(repo) {
    const internal = versionsByName(repo);
    return repo.workspaces.filter(isPlugin).flatMap(({ folder, manifest }) => {
      const file = `${folder}/package.json`;
      const peers = Object.keys(manifest.peerDependencies ?? {});
      return [
        ...(peers.join() === "@mlstack/core" ? [] : [`${file}: peerDependencies must be @mlstack/core alone, not "${peers.join()}"`]),
        ...(manifest.devDependencies?.["@mlstack/core"] === undefined ? [`${file}: devDependencies lacks @mlstack/core`] : []),
        ...Object.keys(manifest.dependencies ?? {}).filter((name) => internal.has(name)).map((name) => `${file}: depends on ${name}`),
      ];
    });
  },
};

/** Tools are pinned so that every clone builds alike; oxc is pinned because its output is part of cache keys. */
export const pins: Rule = {
  name: "tools are pinned, run-time dependencies are caret ranges",
  check(repo) {
    const internal = versionsByName(repo);
    const wanted = (name: string): RegExp => (name.startsWith("oxc-") ? EXACT : CARET);
    const tools = Object.entries(repo.manifest.devDependencies ?? {})
      .filter(([, range]) => !EXACT.test(range))
      .map(([name, range]) => `package.json: ${name} ${range} is not an exact version`);
    const runtime = repo.workspaces.filter(({ manifest }) => manifest.private !== true).flatMap(({ folder, manifest }) =>
      Object.entries(manifest.dependencies ?? {})
        .filter(([name, range]) => !internal.has(name) && !wanted(name).test(range))
        .map(([name, range]) => `${folder}/package.json: ${name} ${range} should be ${name.startsWith("oxc-") ? "exact" : "a caret range"}`),
    );
    return [...tools, ...runtime];
  },
};

/** Two ranges of one dependency install two copies of it. */
export const oneRange: Rule = {
  name: "packages agree on the range of a shared dependency",
  check(repo) {
    const internal = versionsByName(repo);
    const seen = new Map<string, { readonly range: string; readonly folder: string }>();
    const problems: string[] = [];
    for (const { folder, manifest } of repo.workspaces) {
      for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
        const first = seen.get(name);
        if (first === undefined) seen.set(name, { range, folder });
        else if (!internal.has(name) && first.range !== range) problems.push(`${folder}/package.json: ${name} ${range}, but ${first.range} in ${first.folder}`);
      }
    }
    return problems;
  },
};
