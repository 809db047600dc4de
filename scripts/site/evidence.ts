import type { Integration } from "../../packages/hub/dist/index.js";
import { html, type Html, type Piece } from "./html.ts";
import { REPOSITORY } from "./shell.ts";
import { facts } from "./tables.ts";
import { count, day, size } from "./words.ts";

const notMeasured = html`<span class="quiet">Not measured</span>`;

function conformance({ evidence }: Integration): Piece {
  const reports = evidence.conformance;
  if (reports === null || reports.length === 0) return notMeasured;
  return html`<ul>${reports.map((r) => html`<li><code>${r.contract}</code> ${r.flavor}: ${r.failed === 0 ? html`<strong class="good">${count(r.passed, "case")} passed</strong>` : html`<strong class="bad">${r.failed} of ${count(r.passed + r.failed, "case")} failed</strong>`}${r.skipped.length > 0 && `, ${r.skipped.length} skipped`}<br><span class="quiet">version ${r.version} on core ${r.core}, by ${r.suite}</span></li>`)}</ul>`;
}

/** What is known. What is not is said, too, once: it speaks neither for nor against. */
export function evidenceList(integration: Integration): Html {
  const { provenance, publishedAt, firstPublishedAt, unpackedSize, weeklyDownloads } = integration.evidence;
  const entries: readonly (readonly [name: string, value: Piece | null])[] = [
    ["Provenance", provenance === null ? null : provenance ? html`<strong class="good">Attested by the registry</strong>` : "No attestation"],
    ["Published", publishedAt === null ? null : html`<time datetime="${publishedAt}">${day(publishedAt)}</time>${firstPublishedAt !== null && firstPublishedAt !== publishedAt && `, first ${day(firstPublishedAt)}`}`],
    ["Unpacked size", unpackedSize === null ? null : size(unpackedSize)],
    ["Weekly downloads", weeklyDownloads === null ? null : weeklyDownloads.toLocaleString("en")],
  ];
  const tested = integration.evidence.testedAgainst ?? [];
  const servers = integration.source === "mlstack" && tested.length > 0 ? [["Tested in CI against", html`<ul>${tested.map(({ server, test }) => html`<li><a href="${REPOSITORY}/blob/main/${test}" rel="noopener">${server}</a></li>`)}</ul>`] as const] : [];
  const unknown = entries.filter(([, value]) => value === null).map(([name]) => (name === "Published" ? "time of publication" : name.toLowerCase()));
  return facts([["Conformance", conformance(integration)], ...servers, ...entries.filter((e): e is readonly [string, Piece] => e[1] !== null), ...(unknown.length > 0 ? [["Not known", html`<span class="quiet">${unknown.join(", ")}</span>`] as const] : [])]);
}
