import { z } from "zod";
import type { PackageDocument, SearchHit } from "./registry.ts";

const answer = z.looseObject({
  objects: z.array(z.looseObject({
    // Verdaccio gives tags in place of a version
    package: z.looseObject({ name: z.string(), version: z.string().optional(), "dist-tags": z.record(z.string(), z.string()).optional().catch(undefined), description: z.string().catch(""), keywords: z.array(z.string()).catch([]), date: z.unknown().optional() }),
  })),
});

/**
 * What to ask for, one after the other until something is found: npm's registry knows `keywords:`, Verdaccio takes it for a word, and looks for words
 * in keywords, too.
 */
export function searchTexts(keyword: string, text: string): readonly string[] {
  return [`keywords:${keyword}`, keyword].map((first) => (text === "" ? first : `${first} ${text}`));
}

/** Registries differ in what they make of `keywords:` and of several words, so what they have found is looked at again. */
export function parseHits(value: unknown, keyword: string, text: string): readonly SearchHit[] | { readonly problem: string } {
  const { data, error } = answer.safeParse(value);
  if (data === undefined) return { problem: `${error.issues[0]!.path.join(".") || "the answer"}: ${error.issues[0]!.message}` };
  return data.objects.map(({ package: { name, version, description, keywords, date, ...rest } }) => ({
    name, version: version ?? rest["dist-tags"]?.["latest"] ?? "", description, keywords, publishedAt: typeof date === "string" && !Number.isNaN(Date.parse(date)) ? new Date(date).toISOString() : undefined,
  })).filter((hit) => hit.version !== "" && matches(hit, keyword, text));
}

/** Among what was fetched before. Documents don't keep keywords: a package that carries a manifest has ours. */
export function offlineSearch(documents: readonly PackageDocument[], keyword: string, text: string): readonly SearchHit[] {
  return documents.flatMap(({ name, distTags, versions }) => {
    const latest = versions.find(({ version }) => version === distTags["latest"]) ?? versions.at(-1);
    return latest?.manifest === undefined ? [] : [{ name, version: latest.version, description: latest.description ?? "", keywords: [keyword], publishedAt: latest.publishedAt }];
  }).filter((hit) => matches(hit, keyword, text));
}

function matches({ name, description, keywords }: SearchHit, keyword: string, text: string): boolean {
  const where = [name, description, ...keywords].join("\n").toLowerCase();
  return keywords.includes(keyword) && text.toLowerCase().split(/\s+/).every((word) => where.includes(word));
}
