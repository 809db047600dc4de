import type { Rule } from "../repo.ts";
import { testTitlesOf } from "../test-titles.ts";

const TABLE = "docs/hub.md";
const PLANNED = "planned";

/** What is promised is shown by a test that is there, or said to be planned. */
export const hubTable: Rule = {
  name: `what ${TABLE} promises has its tests`,
  check(repo) {
    if (!repo.has(TABLE)) return [`${TABLE}: is missing`];
    const titles = new Map<string, readonly string[]>();
    const titlesOf = (file: string): readonly string[] => {
      const known = titles.get(file) ?? testTitlesOf(file, repo.read(file));
      titles.set(file, known);
      return known;
    };
    const rows = repo.read(TABLE).split("\n").map((text, i) => ({ place: `${TABLE}:${i + 1}`, cells: cellsOf(text) })).filter(({ cells }) => cells.length > 0);
    // above the line of dashes are the names of the columns
    const promises = rows.filter((_, i) => !isRule(rows[i]?.cells) && !isRule(rows[i + 1]?.cells));
    if (promises.length === 0) return [`${TABLE}: has no table`];
    return promises.flatMap(({ place, cells }) => {
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
  },
};

/** Of a table's row; of other lines there are none. A bar with a backslash before it is text. */
function cellsOf(line: string): string[] {
  if (!line.startsWith("|")) return [];
  return line.slice(1).replace(/\|\s*$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

const isRule = (cells: readonly string[] | undefined): boolean => cells !== undefined && cells.length > 0 && cells.every((cell) => /^:?-+:?$/.test(cell));
