import { type Catalog, findIntegrations } from "../../packages/hub/dist/index.js";
import { cards, filters, summary, type Chosen } from "./cards.ts";
import { html } from "./html.ts";
import { page } from "./shell.ts";
import { STATES, stateTitle, typeTitle } from "./words.ts";

/** The index, and one page per filter: `chosen` says which. */
export function listPage(catalog: Catalog, chosen: Chosen = {}): string {
  const found = findIntegrations(catalog, "", chosen).toSorted((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || Number(a.source === "third-party") - Number(b.source === "third-party") || a.title.localeCompare(b.title, "en"));
  const whole = chosen.type === undefined && chosen.state === undefined;
  const up = whole ? "" : "../";
  const available = catalog.integrations.filter((i) => i.state === "available").length;
  const planned = catalog.integrations.filter((i) => i.state === "planned").length;
  const heading = chosen.type !== undefined ? `${typeTitle(chosen.type)} integrations` : chosen.state !== undefined ? `${stateTitle(chosen.state)} integrations` : "Integrations";
  const intro = whole
    ? html`Where pipelines keep artifacts, run steps, track experiments and serve models. ${available} can be installed today, ${planned} more are planned.`
    : chosen.type === "format" ? html`What brings formats of data: how values become files, and files values again.` : html`${chosen.type === undefined ? "" : html`What a stack can have as its <code>${chosen.type}</code>. `}${summary(found.length)}.`;
  return page({
    title: `${heading} – mlstack`, depth: whole ? 0 : 1, core: catalog.core,
    description: whole ? "Integrations of mlstack: artifact stores, orchestrators, experiment trackers, model deployers and more, with their configuration and what they may reach." : `${heading} of mlstack.`,
    main: html`<div class="intro"><h1>${heading}</h1><p>${intro}</p>
<div class="search" role="search" hidden><label class="unseen" for="q">Search integrations</label><input id="q" type="search" autocomplete="off" spellcheck="false" placeholder="Search: bucket, tracking, kms key …" aria-describedby="found"><kbd aria-hidden="true">/</kbd></div></div>
<div class="browse" data-whole="${whole ? "yes" : "no"}">
${filters(catalog, up, chosen)}
<div class="results">
<h2 class="unseen">Results</h2>
<p class="found" id="found" role="status">${summary(found.length)}</p>
${cards(found, up)}
<p class="none" id="none" hidden>Nothing fits. <button type="button" id="reset" class="plain">Show all integrations</button></p>
</div>
</div>`,
  });
}
