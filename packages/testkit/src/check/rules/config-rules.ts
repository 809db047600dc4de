import type { Found, Rule } from "../rule.ts";
import { codeWords, tableKeys } from "../readme.ts";

const SECRET = /(?:^|[a-z])(?:password|passwd|passphrase|secret|token|api_?key|private_?key|(?:secret_?)?access_?key|connection_?string|client_?secret)$/i;
/** Places in a listing, which services call tokens. */
const PLACE = /(?:^|_)(?:next|page|continuation|cursor|sync|resume|start|marker)_?token$/i;
const inSchema = (found: string): Found => ({ found, at: "package.json" });

/** As stack files have it. */
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The configuration of components: what a user writes into a stack file. */
export const configRules: readonly Rule[] = [
  {
    id: "config.strict", level: "error", expects: "an unknown key is refused: a misspelt setting would be one that is not heeded", fix: "use z.strictObject for the configuration and the objects in it",
    find: ({ components }) => components.flatMap(({ label, entry, config }) => [
      ...(entry.config["type"] === "object" || config.keys.length > 0 ? [] : [inSchema(`the configuration of ${label} is no object`)]),
      ...(config.keys.length === 0 && entry.config["type"] === "object" && entry.config["additionalProperties"] !== false ? [inSchema(`${label} takes any key`)] : []),
      ...config.open.map((path) => inSchema(`${path === "" ? label : `${path} of ${label}`} takes any key`)),
    ]),
  },
  {
    id: "config.documented", level: "error", expects: "each key of a configuration has a description", fix: 'add .describe("…") to the key\'s schema',
    find: ({ components }) => components.flatMap(({ label, config }) => config.keys.filter(({ described }) => !described).map(({ path }) => inSchema(`${path} of ${label} has none`))),
  },
  {
    id: "config.key-names", level: "error", expects: "keys are camelCase in code: in YAML they become snake_case", fix: "rename the key",
    find: ({ components }) => components.flatMap(({ label, config }) => config.keys.filter(({ name }) => !/^[a-z][a-zA-Z0-9]*$/.test(name)).map(({ path }) => inSchema(`${path} of ${label} is not`))),
  },
  {
    id: "secrets.marked", level: "error", expects: "a key that holds a secret is marked as one, so that its value is never written down", fix: "write secret(z.string()) of @mlstack/core; reference(z.string()) where it only goes with a secret",
    find: ({ components }) => components.flatMap(({ label, config }) => config.keys.filter(({ name, types, isSecret, isReference }) => SECRET.test(name) && !PLACE.test(snakeCase(name)) && (types.length === 0 || types.includes("string")) && !isSecret && !isReference).map(({ path }) => inSchema(`${path} of ${label} is not marked`))),
  },
  {
    id: "readme.sections", level: "error", expects: "README.md begins with the package's name, shows how it is installed, and has the sections Configuration and Formats where there are such", fix: "add what is missing to README.md",
    find({ readme, name, components, described }) {
      const at = "README.md";
      if (readme === undefined) return [{ found: "there is none", at }];
      const first = readme.sections[0];
      const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      const needs = [...(components.some(({ config }) => config.keys.length > 0) ? ["Configuration"] : []), ...((described?.formats.length ?? 0) > 0 ? ["Formats"] : [])];
      return [
        ...(first?.level === 1 && first.title.includes(name) ? [] : [{ found: `its title is ${JSON.stringify(first?.title ?? "")}`, at }]),
        ...(readme.code.some((block) => new RegExp(`\\b(?:install|i|add)\\b[^\\n]*\\s${escaped}(?:[@\\s]|$)`, "m").test(block)) ? [] : [{ found: `no block of code installs ${name}`, at }]),
        ...needs.filter((title) => readme.section(title) === undefined).map((title) => ({ found: `there is no section ${title}`, at })),
      ];
    },
  },
  {
    id: "readme.config-keys", level: "error", expects: "the section Configuration of README.md names each key as code, and none that there is not", fix: "add a row to the table of keys, or take it out",
    find({ readme, components }) {
      const section = readme?.section("Configuration");
      if (section === undefined) return [];
      const words = codeWords(section);
      const keys = components.flatMap(({ config }) => config.keys);
      const named = (path: string, name: string): boolean => [path, name, snakeCase(path), snakeCase(name)].some((word) => words.has(word));
      const known = new Set(keys.flatMap(({ path, name }) => [path, name, snakeCase(path), snakeCase(name)]));
      return [
        ...[...new Map(keys.map((key) => [key.path, key])).values()].filter(({ path, name }) => !named(path, name)).map(({ path }) => ({ found: `${path} is not there`, at: "README.md" })),
        ...tableKeys(section).filter((word) => /^[a-z][\w.]*$/i.test(word) && !known.has(word)).map((word) => ({ found: `${word} is in a table, and no component has it`, at: "README.md" })),
      ];
    },
  },
];
