import type { Rule } from "../repo.ts";
import { testTitlesOf } from "../test-titles.ts";

/** Pages whose tables are promises: the last column of each has the proof. */
const PAGES = ["docs/hub.md", "docs/plugins/publish.md", "docs/plugins/versioning.md"];
const PLANNED = "planned";

/** What is promised is shown by a test that is there, or said to be planned. A table without a column `shown by` promises nothing. */
export const promisesTable: Rule = {
  name: "what tables of docs promise has its tests",
  check(repo) {
    const titles = new Map<string, readonly string[]>();
    const titlesOf = (file: string): readonly string[] => {
      const known = titles.get(file) ?? testTitlesOf(file, repo.read(file));
      titles.set(file, known);
      return known;
    };
    return PAGES.flatMap((page) => {
      if (!repo.has(page)) return [`${page}: is missing`];
      const promises = promisesOf(page, repo.read(page));
      return promises.length === 0 ? [`${page}: has no table`] : promises.flatMap(({ place, cells }) => {
        const proof = cells.at(-1) ?? "";
        const named = [...proof.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
        if (named.length === 0) return proof === PLANNED ? [] : [`${place}: ends with "${proof}": name a test as \`file › title\`, or write ${PLANNED}`];
        return named.flatMap((name) => {
          const [file = "", ...title] = name.split(" › ");
          if (!repo.has(file)) return [`${place}: there is no file ${file}`];
          const wanted = title.join(" › ");
          return wanted !== "" && titlesOf(file).some((all) => all === wanted || all.endsWith(` › ${wanted}`)) ? [] : [`${place}: ${file} has no test "${wanted}"`];
        });
      });
    });
  },
};

interface Row {
  readonly place: string;
  readonly cells: readonly string[];
}

/** The rows of the tables whose last column is `shown by`. */
function promisesOf(page: string, text: string): Row[] {
  const promises: Row[] = [];
  let head: readonly string[] = [];
  let isBelowHead = false;
  for (const [i, line] of text.split("\n").entries()) {
    const cells = cellsOf(line);
    if (cells.length === 0) isBelowHead = false;
    else if (isRule(cells)) isBelowHead = true;
    else if (!isBelowHead) head = cells;
    else if (head.at(-1) === "shown by") promises.push({ place: `${page}:${i + 1}`, cells });
  }
  return promises;
}

/** Of a table's row; of other lines there are none. A bar with a backslash before it is text. */
function cellsOf(line: string): string[] {
  if (!line.startsWith("|")) return [];
  return line.slice(1).replace(/\|\s*$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

const isRule = (cells: readonly string[] | undefined): boolean => cells !== undefined && cells.length > 0 && cells.every((cell) => /^:?-+:?$/.test(cell));
