import { type Catalog, type Integration, kindsOf, offeredKinds } from "../../packages/hub/dist/index.js";
import { badge, thirdPartyBadge } from "./cards.ts";
import { componentSection } from "./component-section.ts";
import { evidenceList } from "./evidence.ts";
import { fileName, html, link, prose, type Html, type Piece } from "./html.ts";
import { icon, tile } from "./icons.ts";
import { command, page, REPOSITORY } from "./shell.ts";
import { facts, table } from "./tables.ts";
import { day, inOrder, typeTitle } from "./words.ts";

const installName = (i: Integration): string => (i.source === "third-party" ? i.package! : i.name);

function install(integration: Integration): Html {
  if (integration.state === "available") return html`<section aria-labelledby="install"><h2 id="install">Install</h2>
${command(`npx mlstack integration install ${installName(integration)}`, "Install command")}
<p class="quiet">Adds <code>${integration.package!}</code> to the project, pins it in <code>mlstack.lock</code>, and runs none of its scripts.</p></section>`;
  if (integration.state === "built-in") return html`<section class="note" aria-labelledby="install"><h2 id="install">Nothing to install</h2><p>It comes with mlstack, in <code>${integration.package!}</code>.</p></section>`;
  return html`<section class="note" aria-labelledby="install"><h2 id="install">It can't be installed yet</h2><p>The integration is planned: it has a name, and no package. Stacks may name its flavors already; a run on such a stack is refused with what is missing.</p></section>`;
}

function planned({ planned: parts, state }: Integration): Piece {
  return parts.length > 0 && html`<section aria-labelledby="planned"><h2 id="planned">${state === "planned" ? "What it is to bring" : "Planned"}</h2>
${table("Planned components", ["Component", "Flavor", "Its contract"], parts.map(({ type, flavor, aliases, paper }) => [typeTitle(type), html`<code>${flavor}</code>${aliases.map((a) => html`, <code>${a}</code>`)}`, paper ? "Tried on paper, with recorded answers" : html`<span class="quiet">Not tried yet</span>`]), "narrow")}</section>`;
}

function formats({ formats: all }: Integration): Piece {
  return all.length > 0 && html`<section aria-labelledby="formats"><h2 id="formats">Formats</h2>${table("Formats", ["Format", "What it is"], all.map(({ format, description }) => [html`<code>${format}</code>`, prose(description)]), "narrow")}</section>`;
}

function contracts({ contracts: all }: Integration): Piece {
  return all.length > 0 && html`<section aria-labelledby="contracts"><h2 id="contracts">Contracts of its own</h2>${table("Contracts", ["Type", "Versions", "Stability"], all.map(({ type, accepts, stability }) => [html`<code>${type}</code>`, accepts.join(", "), stability]), "narrow")}</section>`;
}

const unknown = html`<span class="quiet">not known</span>`;

function versions({ versions: all }: Integration): Piece {
  return all.length > 0 && html`<section aria-labelledby="versions"><h2 id="versions">Versions</h2>
${table("Versions", ["Version", "Published", "Works with core", "Node", "Contracts"], all.map((v) => [
    html`${v.version}${v.deprecated !== null && html` <span class="mark must">deprecated</span>`}`, v.publishedAt === null ? unknown : day(v.publishedAt), v.core === null ? unknown : html`<code>${v.core}</code>`, v.node === null ? unknown : html`<code>${v.node}</code>`,
    v.contracts.length === 0 ? html`<span class="quiet">none</span>` : v.contracts.map((c, n) => html`${n > 0 && ", "}<code>${c}</code>`),
  ]), "narrow")}</section>`;
}

function aside(integration: Integration, catalog: Catalog): Html {
  const { package: pkg, version, core, node, homepage, components } = integration;
  const home = link(homepage);
  const aliases = catalog.aliases.filter((a) => a.integrations.includes(integration.name));
  const source = integration.source === "mlstack" && integration.state === "available" && pkg !== null ? `${REPOSITORY}/tree/main/packages/${pkg.split("/").at(-1)!}` : undefined;
  const entries: (readonly [string, Piece] | false)[] = [
    pkg !== null && ["Package", html`<code>${pkg}</code>`], version !== null && ["Version", version], core !== null && ["Works with core", html`<code>${core}</code>`], node !== null && ["Node", html`<code>${node}</code>`],
    components.length > 0 && ["Contracts", [...new Set(components.map((c) => c.contract))].map((c, n) => html`${n > 0 && ", "}<code>${c}</code>`)],
    aliases.length > 0 && ["Also by", aliases.map((a, n) => html`${n > 0 && ", "}${a.integrations.length > 1 ? html`<a href="../aliases/${fileName(a.name)}.html"><code>${a.name}</code></a>` : html`<code>${a.name}</code>`}`)],
    home !== undefined && ["Homepage", html`<a href="${home}" rel="noopener nofollow">${new URL(home).host}</a>`], source !== undefined && ["Source", html`<a href="${source}" rel="noopener">github.com</a>`],
  ];
  const known = entries.filter((e) => e !== false);
  return html`<aside class="side" aria-label="Facts">
${known.length > 0 && html`<section aria-labelledby="facts"><h2 id="facts">Facts</h2>${facts(known)}</section>`}
${integration.state !== "planned" && html`<section aria-labelledby="evidence"><h2 id="evidence">Evidence</h2>${evidenceList(integration)}</section>`}
</aside>`;
}

function warning({ resembles, source }: Integration): Piece {
  if (source !== "third-party") return false;
  return html`<p class="note warn">${resembles !== undefined && html`<strong>Its name is nearly that of <code>${resembles}</code>, and it is not that package.</strong> `}This package is not of the mlstack project. It runs with the rights of your processes.</p>`;
}

export function integrationPage(integration: Integration, catalog: Catalog): string {
  const kinds = inOrder(kindsOf(integration));
  const offered = offeredKinds(integration);
  const several = integration.components.length > 1;
  const ids = integration.components.map((_, n) => `component-${n + 1}`);
  return page({
    title: `${integration.title} – mlstack integrations`, description: integration.description, depth: 1, core: catalog.core,
    main: html`<nav class="crumbs" aria-label="Breadcrumb"><ol><li><a href="../index.html">Integrations</a></li>${kinds[0] !== undefined && html`<li><a href="../types/${fileName(kinds[0])}.html">${typeTitle(kinds[0])}</a></li>`}<li aria-current="page">${integration.title}</li></ol></nav>
<div class="title"><span class="${tile(kinds[0])} large">${icon(kinds[0])}</span><div><h1>${integration.title}</h1><p class="under">${integration.source === "mlstack" && html`<code>${integration.name}</code> `}${badge(integration.state)}${thirdPartyBadge(integration)}</p></div></div>
<div class="columns"><div class="content">
<p class="lead">${prose(integration.description)}</p>
<ul class="tags big" aria-label="Component types">${kinds.map((kind) => { const soon = integration.state !== "planned" && !offered.includes(kind); return html`<li${soon && html` class="soon"`}><a href="../types/${fileName(kind)}.html">${typeTitle(kind)}${soon && ": planned"}</a></li>`; })}</ul>
${warning(integration)}
${install(integration)}
${several && html`<nav class="onpage" aria-label="Components"><ul>${integration.components.map((c, n) => html`<li><a href="#${ids[n]}">${typeTitle(c.type)} <code>${c.flavor}</code></a></li>`)}</ul></nav>`}
${integration.components.map((c, n) => componentSection(c, integration, ids[n]!))}
${formats(integration)}${contracts(integration)}${planned(integration)}${versions(integration)}
</div>
${aside(integration, catalog)}
</div>`,
  });
}
