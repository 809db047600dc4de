import { NO_EVIDENCE, type Catalog, type Integration } from "../../catalog/build-catalog.ts";

/** What runs where text is taken for markup; each sets `window.pwned`. */
export const HOSTILE: readonly string[] = [
  "<script>window.pwned=1</script>", '"><script>window.pwned=1</script>', "'><img src=x onerror=window.pwned=1>", "<img src=x onerror=window.pwned=1>", "<svg onload=window.pwned=1>", '" onmouseover="window.pwned=1" x="', '" autofocus onfocus=window.pwned=1 x="',
  "</code></pre><script>window.pwned=1</script>", "</title><script>window.pwned=1</script>", "</textarea><img src=x onerror=window.pwned=1>", "<iframe srcdoc='<script>parent.pwned=1</script>'>", "<a href=javascript:window.pwned=1>x</a>", "${window.pwned=1}", "{{constructor.constructor('window.pwned=1')()}}",
  "--><script>window.pwned=1</script>", "]]><script>window.pwned=1</script>", "\u202Egnp.exe\u2066", "\u0000<script>window.pwned=1</script>", "\uD800<b>", "`<script>window.pwned=1</script>`", "javascript:window.pwned=1", "a\nb: !!js/function 'x'\ncomponents: {}",
];
const all = HOSTILE.join(" ");
const config = {
  type: "object", required: HOSTILE.slice(0, 6), description: all,
  properties: Object.fromEntries(HOSTILE.map((text, n) => [text, { type: n % 3 === 0 ? all : "string", description: text, default: text, enum: n % 4 === 0 ? [text] : undefined, secret: n % 5 === 0 }])),
} as unknown as Integration["components"][number]["config"];

const hostile: Integration = {
  name: "hostile", title: `Hostile ${HOSTILE[1]!}`, description: all, state: "available", source: "third-party", package: all, homepage: 'https://x.example/"><script>window.pwned=1</script>', keywords: [...HOSTILE], types: ["acme.vector_index", "artifact_store"],
  components: [
    { type: "artifact_store", contract: all, flavor: all, aliases: [...HOSTILE], description: all, config, permissions: { hosts: [...HOSTILE], files: [...HOSTILE], processes: [...HOSTILE, "*"], env: [...HOSTILE] }, local: { unless: all } },
    { type: "acme.vector_index", contract: "acme.vector_index@1", flavor: "a\nb: c", aliases: [], description: "", config: {}, permissions: { hosts: ["*"], files: [], processes: [], env: [] } },
  ],
  planned: [{ type: "artifact_store", flavor: all, aliases: [...HOSTILE], paper: true }], formats: HOSTILE.map((text) => ({ format: text, description: text })), contracts: [{ type: all, accepts: [1], stability: "experimental" }],
  core: all, node: all, version: all, versions: [{ version: all, publishedAt: null, core: all, node: all, contracts: [...HOSTILE], provenance: true, deprecated: all, unpackedSize: 1 }],
  evidence: { ...NO_EVIDENCE, testedAgainst: [{ server: all, test: all }], conformance: [{ package: all, contract: all, flavor: all, suite: all, version: all, files: "sha256:x", core: all, passed: 1, failed: 1, skipped: [{ id: all, reason: all }] }], provenance: true, publishedAt: null, unpackedSize: 5, weeklyDownloads: 7 }, resembles: all,
};

/** A catalog in which everything that is free text is an attack, and whose homepages lead where no link may. */
export const hostileCatalog: Catalog = {
  catalogVersion: 1, core: all, integrations: [hostile, { ...hostile, name: "hostile-link", homepage: "javascript:window.pwned=1" }],
  aliases: [{ name: "evil", title: all, integrations: ["hostile", "hostile-link"] }],
};
