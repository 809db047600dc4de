/** Behind a key's name, the folder of its marks. */
const MARKED = ".nd";

/**
 * Where everything lies in an artifact store. The layout is the same in every store, so a bucket that two projects use shares its
 * content and its cache by itself.
 *
 * - `cas/sha256/ab/<digest>`: content. Files of artifacts, manifests, plans, bundles: anything, by its SHA-256.
 * - `ac/v1/<trust domain>/<key>`: action entries. The version is that of the entries: who knows another one does not see them, and so
 *   never replaces them. Trust domains are prefixes, so that a bucket's own rights can keep writers apart.
 * - `ac/v1/<trust domain>/<key>.nd/<run>`: marks of runs that gave other outputs under the key; while there is one, the entry is no hit.
 * - `journal/<run>/<node>/<attempt>/…`: what happened, where no database can be reached.
 * - `roots/<project>/<run>/…`: what a run keeps alive. `lease` says for how long, `<ordinal>-<n>` name content; see roots.ts.
 * - `gc/<id>`: what a clean-up that is going on is about to remove; see clean-up-note.ts.
 */
export const layout = {
  MARKED,
  blob: (sha256: string): string => `cas/sha256/${sha256.slice(0, 2)}/${sha256}`,
  action: (domain: string, key: string): string => `ac/v1/${domain}/${key}`,
  marksOf: (domain: string, key: string): string => `ac/v1/${domain}/${key}${MARKED}/`,
  mark: (domain: string, key: string, run: string): string => `ac/v1/${domain}/${key}${MARKED}/${run}`,
  journal: (run: string, node: string, attempt: number, part: string): string => `journal/${run}/${node}/${attempt}/${part}`,
  journals: "journal/",
  journalOf: (run: string): string => `journal/${run}/`,
  blobs: "cas/sha256/",
  actions: "ac/v1/",
  roots: "roots/",
  cleanUps: "gc/",
  cleanUp: (id: string): string => `gc/${id}`,
  root: (project: string, run: string, part: string): string => `roots/${project}/${run}/${part}`,
} as const;
