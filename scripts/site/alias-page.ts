import type { Catalog } from "../../packages/hub/dist/index.js";
import { cards } from "./cards.ts";
import { html } from "./html.ts";
import { command, page } from "./shell.ts";
import { count } from "./words.ts";

/** What one word stands for: several integrations, planned ones among them. */
export function aliasPage({ name, title, integrations }: Catalog["aliases"][number], catalog: Catalog): string {
  const meant = integrations.flatMap((one) => catalog.integrations.find((i) => i.name === one) ?? []);
  const available = meant.filter((i) => i.state === "available");
  const planned = meant.filter((i) => i.state === "planned").length;
  return page({
    title: `${title} – mlstack integrations`, description: `What mlstack has, and is to have, for ${title}.`, depth: 1, core: catalog.core,
    main: html`<nav class="crumbs" aria-label="Breadcrumb"><ol><li><a href="../index.html">Integrations</a></li><li aria-current="page">${title}</li></ol></nav>
<div class="intro"><h1>${title}</h1><p><code>${name}</code> stands for ${count(meant.length, "integration")}: ${available.length} of them can be installed${planned > 0 && `, ${planned} ${planned === 1 ? "is" : "are"} planned`}.</p></div>
${available.length > 0 && html`<section class="alias-install" aria-labelledby="install"><h2 id="install">Install</h2>${command(`npx mlstack integration install ${name}${planned > 0 ? " --available" : ""}`, "Install command")}
${planned > 0 && html`<p class="quiet">Without <code>--available</code> it is refused, and says what is missing.</p>`}</section>`}
<h2>Integrations</h2>
${cards(meant, "../")}`,
  });
}
