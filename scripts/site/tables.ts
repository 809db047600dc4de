import { breakable, html, type Html, type Piece } from "./html.ts";

/** A table that stays one for screen readers where narrow screens show its rows as blocks. */
export function table(label: string, columns: readonly string[], rows: readonly (readonly Piece[])[], kind = ""): Html {
  return html`<table class="table ${kind}" role="table" aria-label="${label}">
<thead role="rowgroup"><tr role="row">${columns.map((c) => html`<th role="columnheader" scope="col">${c}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map((cells) => html`<tr role="row">${cells.map((cell, n) => (n === 0 ? html`<th role="rowheader" scope="row">${cell}</th>` : html`<td role="cell" data-label="${columns[n]}">${cell}</td>`))}</tr>
`)}</tbody></table>`;
}

/** Names and values, one under the other. */
export const facts = (entries: readonly (readonly [name: string, value: Piece])[]): Html =>
  html`<dl class="facts">${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

export const codes = (values: readonly string[]): Html => html`<ul class="codes">${values.map((v) => html`<li><code>${breakable(v)}</code></li>`)}</ul>`;
