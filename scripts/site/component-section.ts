import type { CatalogComponent, Integration } from "../../packages/hub/dist/index.js";
import { configRows, secretsOf, type ConfigRow } from "./config-rows.ts";
import { breakable, html, prose, type Html, type Piece } from "./html.ts";
import { command } from "./shell.ts";
import { stackSnippet } from "./snippet.ts";
import { codes, table } from "./tables.ts";
import { typeTitle } from "./words.ts";

const ANY = "*";

/** Names of what may be reached, in words: `*` is what the configuration names. */
function reach(what: string, names: readonly string[], any: string): readonly [Piece, Piece] | undefined {
  const named = names.filter((name) => name !== ANY);
  if (names.length === 0) return undefined;
  return [what, html`${named.length > 0 && codes(named)}${names.includes(ANY) && html`<p class="any">${named.length > 0 ? `and ${any}` : `${any[0]!.toUpperCase()}${any.slice(1)}`}</p>`}`];
}

function permissions({ permissions: { hosts, files, processes, env }, config, flavor, type }: CatalogComponent): Html {
  const secrets = secretsOf(config);
  const rows = [
    reach("Hosts", hosts, "those that its configuration names"), reach("Files", files, "those that its configuration names"), reach("Programs", processes, "any"), reach("Variables", env, "any"),
    secrets.length > 0 ? (["Secrets", codes(secrets)] as const) : undefined,
  ].filter((row) => row !== undefined);
  return rows.length === 0 ? html`<p>Nothing outside of its process.</p>` : table(`What the ${typeTitle(type).toLowerCase()} ${flavor} may reach`, ["Reaches", "Which"], rows, "narrow reach");
}

function keyCell({ key, required, requiredIn, secret }: ConfigRow): Html {
  return html`<code>${breakable(key)}</code>${required && html` <span class="mark must">required</span>`}${requiredIn !== undefined && html` <span class="mark must">required in ${requiredIn}</span>`}${secret === "secret" && html` <span class="mark">secret</span>`}${secret === "reference" && html` <span class="mark">may be a reference</span>`}`;
}

/** Long lists of values are folded. */
function defaultCell(row: ConfigRow): Piece {
  if (row.default === undefined) return html`<span class="quiet dash">–</span>`;
  return row.default.length <= 40 ? html`<code>${row.default}</code>` : html`<details><summary>${row.default.startsWith("[") ? "a list" : "a value"}</summary><code class="long">${row.default}</code></details>`;
}

function configuration(component: CatalogComponent): Html {
  const rows = configRows(component.config);
  if (rows.length === 0) return html`<p>It needs no configuration.</p>`;
  return table(`Configuration of the ${typeTitle(component.type).toLowerCase()} ${component.flavor}`, ["Key", "Type", "Default", "Meaning"],
    rows.map((row) => [keyCell(row), html`${row.type}${row.limits !== "" && html`<br><span class="quiet">${row.limits}</span>`}`, defaultCell(row), row.description === "" ? html`<span class="quiet">Not described</span>` : prose(row.description)]), "config");
}

function place({ local }: CatalogComponent): Piece {
  if (local === undefined || local === false) return false;
  return html`<p class="note">Works where the project's folder is${typeof local === "object" && html`, unless <code>${local.unless}</code> is an absolute path`}: a stack that has it runs no steps elsewhere.</p>`;
}

const same = (a: string, b: string): boolean => a.replace(/\.$/, "") === b.replace(/\.$/, "");

/** One component: how it is written into a stack, what it takes and what it may reach. */
export function componentSection(component: CatalogComponent, integration: Integration, id: string): Html {
  const { type, flavor, aliases, contract, description } = component;
  return html`<section class="component" aria-labelledby="${id}">
<h2 id="${id}">${typeTitle(type)} <code>${flavor}</code></h2>
<p>${same(description, integration.description) ? "" : html`${prose(description)}. `}Written for the contract <code>${contract}</code>${aliases.length > 0 && html`; also called ${aliases.map((a, n) => html`${n > 0 && ", "}<code>${a}</code>`)}`}.</p>
${place(component)}
<h3>In a stack</h3>
${command(stackSnippet(component), `The ${typeTitle(type).toLowerCase()} ${flavor} in a stack's file`)}
<h3>Configuration</h3>
${configuration(component)}
<h3>What it may reach</h3>
<p class="quiet">What its manifest declares${integration.source === "third-party" ? ", written by its authors" : ""}. Node does not enforce it.</p>
${permissions(component)}
</section>`;
}
