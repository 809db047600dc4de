import { html, ours, rendered, type Html, type Piece } from "./html.ts";
import { MARK } from "./icons.ts";

export interface Page {
  readonly title: string;
  readonly description: string;
  /** How many folders below the site's root the page lies. */
  readonly depth: 0 | 1;
  readonly main: Piece;
  /** Version of core that the catalog was made with. */
  readonly core: string;
}

export const REPOSITORY = "https://github.com/mlstack/mlstack";

// Nothing but this site's own files is loaded, and nothing in a page runs that is not a file of its own.
const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

/** A whole page. It is complete without scripts: those only make finding and copying quicker. */
export function page({ title, description, depth, main, core }: Page): string {
  const up = depth === 0 ? "" : "../";
  const body: Html = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="description" content="${description}">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${up}assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${up}assets/site.css">
<script src="${up}assets/site.js" defer></script>
</head>
<body data-root="${up}">
<a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="wide">
<a class="brand" href="${up}index.html">${ours(MARK.replace("<svg ", '<svg aria-hidden="true" focusable="false" '))}<span>mlstack</span> <span class="brand-part">integrations</span></a>
<nav aria-label="Site"><a href="${up}index.html">All integrations</a> <a href="${REPOSITORY}#readme" rel="noopener">About mlstack</a> <a href="${REPOSITORY}/tree/main/docs" rel="noopener">Docs</a></nav>
</div></header>
<main id="main" tabindex="-1" class="wide">
${main}
</main>
<footer class="bottom"><div class="wide">
<p>Made from the plugins' manifests, for <code>@mlstack/core</code> ${core}. What nobody has measured is not claimed.</p>
<p><a href="${up}index.json">This index as JSON</a> · <a href="${REPOSITORY}/blob/main/docs/catalog.md" rel="noopener">How the catalog is made</a></p>
</div></footer>
<div id="said" class="unseen" role="status" aria-live="polite"></div>
</body>
</html>
`;
  return rendered(body);
}

/** A command to copy. The button shows itself where scripts run. */
export function command(text: string, label: string): Html {
  return html`<div class="command${!text.includes("\n") && " one"}"><pre tabindex="0" aria-label="${label}"><code>${text}</code></pre><button type="button" class="copy" data-copy="${text}" hidden>Copy<span class="unseen"> ${label.toLowerCase()}</span></button></div>`;
}
