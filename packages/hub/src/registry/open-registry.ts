import { MlstackError } from "@mlstack/core/errors";
import { integrityProblem } from "../digest/integrity.ts";
import { plainUrl } from "./packument.ts";
import { parseDocument } from "./package-document.ts";
import { notARegistry, notHere, registryFault, shownUrl, type Asked } from "./faults.ts";
import { isWholeGzip } from "./gzip.ts";
import { httpClient } from "./http-client.ts";
import { npmSettings } from "./npm-settings.ts";
import type { PackageDocument, PackageVersion, Registry } from "./registry.ts";
import { PUBLIC_NPM_HOST } from "./public-npm.ts";
import { registryCache } from "./registry-cache.ts";
import { offlineSearch, parseHits, searchTexts } from "./search.ts";

export interface RegistryOptions {
  readonly projectDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Goes before the default registry of npm's settings; the registry that a scope has goes before it. */
  readonly registry?: string | undefined;
  /** Only what is in the cache. */
  readonly offline: boolean;
  /** Keeps what was fetched. */
  readonly cacheDir: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The registry that npm's settings lead to. Asks nobody yet.
 *
 * @throws MLS8106 settings that can't be used
 */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const { offline, cacheDir, signal } = options;
  const settings = await npmSettings({ projectDir: options.projectDir, env: options.env, registry: options.registry });
  const cache = registryCache(cacheDir);
  const http = await httpClient(settings, signal);
  const documents = new Map<string, Promise<PackageDocument>>();
  const identityOf = (name: string): string => shownUrl(settings.registryOf(name));
  const asked = (what: string, name: string, url: string): Asked => ({ what, name, url, unset: settings.unsetVariable(url), hasCredentials: settings.hasCredentials(url) });

  // the slash of a scope is part of the name
  const askedDocument = (name: string): Asked => asked(`the description of ${name}`, name, `${settings.registryOf(name)}${name.replace("/", "%2f")}`);

  async function fetchDocument(name: string): Promise<PackageDocument> {
    const [ask, identity] = [askedDocument(name), identityOf(name)];
    const cached = await cache.document(identity, name);
    if (offline) {
      if (cached === undefined) throw notHere(ask);
      return cached.document;
    }
    const { status, body, etag } = await http.get(ask, { name, headers: { accept: "application/json", ...(cached?.etag !== undefined && { "if-none-match": cached.etag }) } });
    if (status === 304 && cached !== undefined) return cached.document;
    const parsed = parseDocument(jsonOf(body, ask), name);
    if ("problem" in parsed) throw notARegistry(parsed.problem, ask);
    await cache.putDocument(identity, { etag, document: parsed });
    return parsed;
  }

  /** As npm does: a mirror passes on descriptions in which the tarballs still lie at the registry that it mirrors. */
  function tarballUrl({ name, version, tarball }: PackageVersion): string {
    const base = settings.registryOf(name);
    const url = URL.canParse(tarball, base) ? new URL(tarball, base) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) throw notARegistry("its address is none of http or https", asked(`the tarball of ${name}@${version}`, name, base));
    const replace = settings.options["replaceRegistryHost"];
    const host = replace === "npmjs" ? PUBLIC_NPM_HOST : replace;
    if (replace === "never" || (replace !== "always" && url.hostname !== host)) return url.href;
    return `${base}${url.pathname.slice(1)}${url.search}`;
  }

  return {
    identityOf,
    urlOf: (name) => plainUrl(settings.registryOf(name)),
    document(name) {
      const known = documents.get(name) ?? fetchDocument(name);
      documents.set(name, known);
      known.catch(() => { documents.delete(name); });
      return known;
    },
    async packument(name) {
      const ask = askedDocument(name);
      if (!offline) return jsonOf((await http.get(ask, { name, headers: { accept: "application/json" } })).body, ask);
      const found = await cache.packument(identityOf(name), name);
      if (found === undefined) throw notHere(ask);
      return found;
    },
    shelf: {
      async names() {
        const names = await cache.packumentNames();
        const own = await Promise.all(names.map(async (name) => (await cache.packument(identityOf(name), name)) !== undefined));
        return names.filter((_, i) => own[i]);
      },
      packument: (name) => cache.packument(identityOf(name), name),
      has: (integrity) => cache.hasTarball(integrity),
      tarball: (integrity) => cache.tarball(integrity),
    },
    async tarball(version) {
      const { name, integrity } = version;
      const what = `the tarball of ${name}@${version.version}`;
      const differs = (problem: string): MlstackError => new MlstackError("MLS8201", `${what} is not what its registry announces: ${problem}`, {
        why: "whole bytes arrived, so this is no trouble of the network: they were replaced, or something on the way changes them", fix: "do not install it; ask from another network, and tell those who run the registry",
        details: { package: name, version: version.version, integrity: integrity ?? null },
      });
      if (integrity === undefined) throw differs("it announces no digest that can be relied on");
      const cached = await cache.tarball(integrity);
      if (cached !== undefined) return cached;
      if (offline) throw notHere(asked(what, name, settings.registryOf(name)));
      const ask = asked(what, name, tarballUrl(version));
      const { body } = await http.get(ask, { name, headers: { accept: "application/octet-stream, */*" } });
      const problem = integrityProblem(body, integrity);
      if (problem === undefined) {
        await cache.putTarball(integrity, body);
        return body;
      }
      const whole = isWholeGzip(body);
      if (whole === "no gzip") throw notARegistry("it is no archive", ask);
      if (whole === "cut off") throw registryFault({ code: "the archive ends too early" }, ask);
      throw differs(problem);
    },
    async search(keyword, text) {
      const base = settings.registryOf("any");
      if (offline) return offlineSearch(await cache.documents(shownUrl(base)), keyword, text);
      for (const words of searchTexts(keyword, text)) {
        const query = new URLSearchParams({ text: words, size: "250" });
        const ask = asked("the list of packages", "", `${base}-/v1/search?${query.toString()}`);
        const { body } = await http.get(ask, { name: "any", headers: { accept: "application/json" } });
        const hits = parseHits(jsonOf(body, ask), keyword, text);
        if ("problem" in hits) throw notARegistry(hits.problem, ask);
        if (hits.length > 0) return hits;
      }
      return [];
    },
  };
}

function jsonOf(body: Uint8Array, ask: Asked): unknown {
  try { return JSON.parse(Buffer.from(body).toString("utf8")); } catch (cause) {
    throw notARegistry(/^\s*</.test(Buffer.from(body.subarray(0, 100)).toString("utf8")) ? "a page of HTML" : "no JSON", ask, cause);
  }
}
