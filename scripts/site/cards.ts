import { type Catalog, fitsFilter, type Integration, type IntegrationState, kindsOf, offeredKinds } from "../../packages/hub/dist/index.js";
import { breakable, fileName, html, prose, type Html, type Piece } from "./html.ts";
import { icon, tile } from "./icons.ts";
import { count, inOrder, STATES, stateTitle, typeTitle } from "./words.ts";

export const badge = (state: IntegrationState): Html => html`<span class="badge s-${state}">${stateTitle(state)}</span>`;
export const thirdPartyBadge = (i: Integration): Piece => i.source === "third-party" && html`<span class="badge s-other">Third party</span>`;

export function card(integration: Integration, up: string): Html {
  const { name, title, description, state, package: pkg, version } = integration;
  const kinds = inOrder(kindsOf(integration));
  const offered = offeredKinds(integration);
  return html`<li class="card" data-name="${name}" data-state="${state}" data-types="${kinds.join(" ")}" data-offers="${offered.join(" ")}">
<div class="card-head"><span class="${tile(kinds[0])}">${icon(kinds[0])}</span><div><h3><a href="${up}integrations/${fileName(name)}.html">${title}</a></h3><p class="card-name">${integration.source === "mlstack" && html`<code>${name}</code> `}${badge(state)}${thirdPartyBadge(integration)}</p></div></div>
<p class="card-text">${prose(description)}</p>
<ul class="tags" aria-label="Component types">${kinds.map((kind) => (state === "planned" || offered.includes(kind) ? html`<li>${typeTitle(kind)}</li>` : html`<li class="soon">${typeTitle(kind)}: planned</li>`))}</ul>
${state === "available" && html`<p class="card-foot"><span>${breakable(pkg ?? "")}</span> <span>${version ?? ""}</span></p>`}${state === "built-in" && html`<p class="card-foot"><span>Comes with mlstack</span></p>`}
</li>
`;
}

export const cards = (integrations: readonly Integration[], up: string): Html => html`<ul class="cards" id="cards">
${integrations.map((i) => card(i, up))}</ul>`;

export interface Chosen { readonly type?: string; readonly state?: IntegrationState }

/** Filters are links to pages of their own, so they work without scripts; with them they filter in place. */
export function filters({ integrations, aliases }: Catalog, up: string, chosen: Chosen): Html {
  const types = inOrder(integrations.flatMap((i) => kindsOf(i)));
  const entry = (href: string, text: string, n: number, current: boolean, attributes: Html): Html => html`<li><a href="${up}${href}"${current ? html` aria-current="true"` : ""}${attributes}><span>${text}</span> <span class="n">${n}<span class="unseen"> integrations</span></span></a></li>`;
  const clouds = aliases.filter((alias) => alias.integrations.length > 1);
  const noType = chosen.type === undefined;
  const noState = chosen.state === undefined;
  return html`<nav class="filters" aria-label="Filters">
<h2 id="by-state">State</h2>
<ul aria-labelledby="by-state">${entry("index.html", "Any state", integrations.length, noState && noType, html` data-state=""`)}${STATES.map((state) => entry(`states/${state}.html`, stateTitle(state), integrations.filter((i) => i.state === state).length, chosen.state === state, html` data-state="${state}"`))}</ul>
<h2 id="by-type">Component type</h2>
<ul aria-labelledby="by-type">${entry("index.html", "Any type", integrations.length, noType && noState, html` data-type=""`)}${types.map((type) => entry(`types/${fileName(type)}.html`, typeTitle(type), integrations.filter((i) => fitsFilter(i, { type })).length, chosen.type === type, html` data-type="${type}"`))}</ul>
${clouds.length > 0 && html`<h2 id="by-cloud">Cloud</h2>
<ul aria-labelledby="by-cloud">${clouds.map((c) => entry(`aliases/${fileName(c.name)}.html`, c.title, c.integrations.length, false, html``))}</ul>`}
</nav>`;
}

export const summary = (n: number): string => count(n, "integration");
