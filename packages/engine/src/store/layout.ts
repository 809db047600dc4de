/**
 * Where everything lies in an artifact store. The layout is the same in every store, so a bucket that two projects use shares its
 * content and its cache by itself.
 *
 * - `cas/sha256/ab/<digest>`: content. Files of artifacts, manifests, plans, bundles: anything, by its SHA-256.
 * - `ac/<trust domain>/<key>`: action entries. Trust domains are prefixes, so that a bucket's own rights can keep writers apart.
 * - `journal/<run>/<node>/<attempt>/…`: what happened, where no database can be reached.
 * - `roots/<project>/<run>`: what a run keeps alive.
 */
export const layout = {
  blob: (sha256: string): string => `cas/sha256/${sha256.slice(0, 2)}/${sha256}`,
  action: (domain: string, key: string): string => `ac/${domain}/${key}`,
  journal: (run: string, node: string, attempt: number, part: string): string => `journal/${run}/${node}/${attempt}/${part}`,
  journalOf: (run: string): string => `journal/${run}/`,
  root: (project: string, run: string): string => `roots/${project}/${run}`,
} as const;
