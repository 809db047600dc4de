import { posix } from "node:path";
import { anchorsOf, linksOf } from "../../markdown/markdown.ts";
import type { Repo, Rule } from "../repo.ts";

/** Of templates: their files are links of the project that is made of them. */
const TEMPLATE = /(?:^|\/)templates\//;

/** What a page leads to is there: files and folders of the repository, and headings on their pages. */
export const docLinks: Rule = {
  name: "links of Markdown files lead somewhere",
  check(repo) {
    const folders = new Set(repo.files.flatMap(parentsOf));
    const anchors = new Map<string, ReadonlySet<string>>();
    const anchorsIn = (file: string): ReadonlySet<string> => {
      const known = anchors.get(file) ?? anchorsOf(repo.read(file));
      anchors.set(file, known);
      return known;
    };
    return repo.files.filter((file) => file.endsWith(".md") && !TEMPLATE.test(file)).flatMap((file) => linksOf(repo.read(file)).flatMap(({ target, line }) => {
      const problem = problemOf(file, target, repo, folders, anchorsIn);
      return problem === undefined ? [] : [`${file}:${line}: ${problem}`];
    }));
  },
};

function problemOf(from: string, target: string, repo: Repo, folders: ReadonlySet<string>, anchorsIn: (file: string) => ReadonlySet<string>): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? from : posix.join(posix.dirname(from), decodeURI(path)).replace(/\/$/, "");
  if (!repo.has(file) && !folders.has(file)) return `${target} leads to ${file}, which is not there`;
  if (anchor === undefined || !file.endsWith(".md")) return undefined;
  return anchorsIn(file).has(anchor.toLowerCase()) ? undefined : `${target}: ${file} has no heading with the address #${anchor}`;
}

function parentsOf(file: string): string[] {
  const parts = file.split("/");
  return [".", ...parts.slice(0, -1).map((_, n) => parts.slice(0, n + 1).join("/"))];
}
