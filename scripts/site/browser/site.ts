// What runs in the browser. Pages are whole without it. The build takes away types and imports, and puts match.ts before it.
import { matchScore, type Searchable } from "../../../packages/hub/src/catalog/match.ts";

const one = (selector: string, within: ParentNode = document): HTMLElement | null => within.querySelector<HTMLElement>(selector);
const all = (selector: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(selector)];
const root = document.body.dataset["root"] ?? "";

function say(text: string): void {
  const said = one("#said");
  if (said === null) return;
  said.textContent = "";
  // an equal text is read again only if it was another in between
  requestAnimationFrame(() => { said.textContent = text; });
}

async function copy(text: string): Promise<boolean> {
  try { await navigator.clipboard.writeText(text); return true; } catch {
    // without a secure context there is no clipboard: the old way, which needs a field
    const field = Object.assign(document.createElement("textarea"), { value: text, className: "unseen" });
    document.body.append(field);
    field.select();
    let done = false;
    try { done = document.execCommand("copy"); } catch { /* said below */ }
    field.remove();
    return done;
  }
}

function copyButton(button: HTMLElement): void {
  const label = button.firstChild;
  const code = one("code", button.parentElement ?? document);
  if (label === null || code === null) return;
  const before = label.textContent;
  let timer: ReturnType<typeof setTimeout> | undefined;
  button.hidden = false;
  button.addEventListener("click", () => void (async () => {
    const done = await copy(button.dataset["copy"] ?? "");
    button.focus();
    if (!done) getSelection()?.selectAllChildren(code);
    label.textContent = done ? "Copied" : "Selected";
    button.classList.toggle("done", done);
    say(done ? "Copied" : "Selected: copy it with your keyboard");
    clearTimeout(timer);
    timer = setTimeout(() => { label.textContent = before; button.classList.remove("done"); }, 2500);
  })());
}

type Kept = "type" | "state";

function search(field: HTMLInputElement, list: HTMLElement): void {
  /** The index filters in place; pages of one filter search within it. */
  const whole = one(".browse")?.dataset["whole"] === "yes";
  const cards = [...list.children].filter((e) => e instanceof HTMLElement);
  const links = all(".filters a[data-type], .filters a[data-state]");
  const nameOf = (card: HTMLElement): string => card.dataset["name"] ?? "";
  const listOf = (card: HTMLElement, what: "types" | "offers"): string[] => (card.dataset[what] ?? "").split(" ");
  const items = new Map<string, Searchable>(cards.map((card) => [nameOf(card), {
    name: nameOf(card), title: one("h3", card)?.textContent ?? "", words: [], types: listOf(card, "types"), keywords: [], description: one(".card-text", card)?.textContent ?? "", deep: [],
  }]));
  const chosen = { text: "", type: "", state: "" };
  let asked = false;

  function show(): void {
    const scores = new Map(cards.map((card) => [card, matchScore(items.get(nameOf(card))!, chosen.text)]));
    const score = (card: HTMLElement): number => scores.get(card) ?? 0;
    // who asks for what is there is not shown what is only planned of it
    const kinds = chosen.state === "" || chosen.state === "planned" ? "types" : "offers";
    const shown = new Set(cards.filter((card) => score(card) > 0 && (chosen.type === "" || listOf(card, kinds).includes(chosen.type)) && (chosen.state === "" || card.dataset["state"] === chosen.state)));
    for (const card of cards) card.hidden = !shown.has(card);
    list.append(...cards.map((card, n) => ({ card, n })).sort((a, b) => score(b.card) - score(a.card) || a.n - b.n).map(({ card }) => card));
    const text = `${shown.size} integration${shown.size === 1 ? "" : "s"}`;
    const found = one("#found");
    if (found !== null && found.textContent !== text) found.textContent = text;
    const none = one("#none");
    if (none !== null) none.hidden = shown.size > 0;
    if (!whole) return;
    for (const link of links) {
      const { type, state } = link.dataset;
      if (type === undefined ? state === chosen.state : type === chosen.type) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
  }

  // The index knows keys of configurations, flavors and aliases, too. Where it can't be read, what the cards say must do.
  async function deepen(): Promise<void> {
    if (asked) return;
    asked = true;
    try {
      const { integrations } = (await (await fetch(`${root}index.json`)).json()) as { integrations: Searchable[] };
      for (const item of integrations) if (items.has(item.name)) items.set(item.name, item);
      show();
    } catch { /* see above */ }
  }

  function change(what: Partial<typeof chosen>): void {
    Object.assign(chosen, what);
    show();
    if (!whole) return;
    const query = new URLSearchParams();
    if (chosen.text !== "") query.set("q", chosen.text);
    for (const key of ["type", "state"] as const) if (chosen[key] !== "") query.set(key, chosen[key]);
    try { history.replaceState(null, "", `${location.pathname}${query.size > 0 ? `?${query.toString()}` : ""}`); } catch { /* pages from a folder may not */ }
  }

  if (whole) {
    const query = new URLSearchParams(location.search);
    const known = (name: Kept): string => { const value = query.get(name) ?? ""; return links.some((link) => link.dataset[name] === value) ? value : ""; };
    Object.assign(chosen, { text: query.get("q") ?? "", type: known("type"), state: known("state") });
    for (const link of links) {
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        const name: Kept = link.dataset["type"] === undefined ? "state" : "type";
        const value = link.dataset[name] ?? "";
        // a second click takes the filter off again
        change({ [name]: chosen[name] === value ? "" : value });
      });
    }
  }
  field.value = chosen.text;
  if (chosen.text !== "") void deepen();
  show();
  const box = one(".search");
  if (box !== null) box.hidden = false;

  field.addEventListener("focus", () => void deepen());
  field.addEventListener("input", () => change({ text: field.value }));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && field.value !== "") { event.preventDefault(); field.value = ""; change({ text: "" }); }
    if (event.key === "Enter") { event.preventDefault(); one(".card:not([hidden]) h3 a", list)?.focus(); }
  });
  one("#reset")?.addEventListener("click", () => {
    if (!whole) { location.href = `${root}index.html`; return; }
    field.value = "";
    change({ text: "", type: "", state: "" });
    field.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]") !== null)) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}

for (const button of all("button.copy")) copyButton(button);
const field = one("#q");
const list = one("#cards");
if (field instanceof HTMLInputElement && list !== null) search(field, list);
