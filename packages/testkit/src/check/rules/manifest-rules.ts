import { contractRegistry, KNOWN_PLUGINS, parseContractId } from "@mlstack/core";
import { ERROR_CODES } from "@mlstack/core/errors";
import { differencesOf } from "../manifest-file.ts";
import type { Rule } from "../rule.ts";

/** Flavors of the components that are there without any plugin. */
const BUILT_IN: Readonly<Record<string, readonly string[]>> = { artifact_store: ["local", "memory"], experiment_tracker: ["local", "memory"], orchestrator: ["local"], secret_store: ["env", "file"], model_deployer: ["local"] };

/** What the plugin says that it is, in its manifest and in its code. */
export const manifestRules: readonly Rule[] = [
  {
    id: "manifest.present", level: "error", expects: "package.json has a valid manifest, its field mlstack", fix: "mlstack plugin manifest",
    find: ({ manifestProblem }) => (manifestProblem === undefined ? [] : [{ found: manifestProblem, at: "package.json" }]),
  },
  {
    id: "manifest.equals-code", level: "error", expects: "the manifest says what the built code says", fix: "npm run build, and mlstack plugin manifest",
    find({ report, folder: { packageJson } }) {
      if (report?.plugin === undefined || packageJson["mlstack"] === undefined) return [];
      const places = differencesOf(packageJson["mlstack"], report.plugin.manifest);
      return places.length === 0 ? [] : [{ found: `they differ at ${places.slice(0, 5).join(", ")}${places.length > 5 ? ` and ${places.length - 5} other places` : ""}`, at: "package.json" }];
    },
  },
  {
    id: "manifest.name", level: "error", expects: "definePlugin has the package's name", fix: "write the name of package.json in definePlugin({ name })",
    find: ({ report, name, entry = "" }) => (report?.plugin === undefined || report.plugin.name === name ? [] : [{ found: `it says ${JSON.stringify(report.plugin.name)}, the package is ${JSON.stringify(name)}`, at: entry.replace(/^\.\//, "") }]),
  },
  {
    id: "manifest.not-empty", level: "error", expects: "the plugin offers a component, a format, a component type or an export that only describes", fix: "give definePlugin components or formats",
    find: ({ described }) => (described === undefined || described.components.length + described.formats.length + described.contracts.length + described.pure.length > 0 ? [] : [{ found: "it offers nothing", at: "package.json" }]),
  },
  {
    id: "contract.known", level: "error", expects: "each component is of a contract that core accepts, of a type that the plugin brings, or of a namespaced type of another plugin", fix: "write it like artifact_store@1, or acme.vector_index@1",
    find({ described, components }) {
      const known = contractRegistry((described?.contracts ?? []).map((each) => ({ ...each })));
      return components.flatMap(({ entry: { contract }, label }) => {
        const id = parseContractId(contract);
        const accepted = id === undefined ? undefined : known.get(id.type);
        const fits = id !== undefined && (accepted === undefined ? id.type.includes(".") : accepted.accepts.includes(id.version));
        return fits ? [] : [{ found: `${label} is for ${contract}${accepted === undefined ? "" : `; accepted are ${accepted.accepts.map((v) => `${id!.type}@${v}`).join(", ")}`}`, at: "package.json" }];
      });
    },
  },
  {
    id: "flavor.name", level: "error", expects: "a flavor is a word in lower case that no other plugin of mlstack's has", fix: "take the vendor's name, with _ between its words",
    find: ({ components, name }) => components.flatMap(({ entry: { contract, flavor, aliases }, label }) => {
      const type = parseContractId(contract)?.type ?? "";
      return [flavor, ...aliases].flatMap((word) => {
        const owner = Object.hasOwn(KNOWN_PLUGINS, type) ? KNOWN_PLUGINS[type]?.[word] : undefined;
        if (!/^[a-z][a-z0-9]*(?:[_.-][a-z0-9]+)*$/.test(word)) return [{ found: `${JSON.stringify(word)} of ${label} is no such word`, at: "package.json" }];
        if (owner !== undefined && owner !== name) return [{ found: `${JSON.stringify(word)} of ${label} is what ${owner} offers`, at: "package.json" }];
        return BUILT_IN[type]?.includes(word) === true && !name.startsWith("@mlstack/") ? [{ found: `${JSON.stringify(word)} of ${label} is built in`, at: "package.json" }] : [];
      });
    }),
  },
  {
    id: "description.present", level: "error", expects: "each component and format has a description, of one sentence: lists show it", fix: "write what it does, in up to 120 characters",
    find: ({ described, components }) => [...components.map(({ label, entry }) => ({ label, description: entry.description })), ...(described?.formats ?? []).map(({ format, description }) => ({ label: format, description }))]
      .filter(({ description }) => description.trim() === "" || description.length > 120 || description.includes("\n"))
      .map(({ label, description }) => ({ found: `${label} has ${description.trim() === "" ? "none" : `one of ${description.length} characters`}`, at: "package.json" })),
  },
  {
    id: "permissions.declared", level: "error", expects: "each component says what it reaches: hosts, files, processes and variables", fix: 'add permissions to the component: { hosts: ["*"] } for hosts from the configuration, {} where it reaches nothing',
    find: ({ report, entry = "" }) => (report?.plugin?.undeclared ?? []).map((label) => ({ found: `${label} says nothing`, at: entry.replace(/^\.\//, "") })),
  },
  {
    id: "permissions.fit-config", level: "warning", expects: "a component that is told an address may reach hosts", fix: 'add hosts: ["*"] to its permissions',
    find: ({ components }) => components.flatMap(({ label, entry, config }) => {
      const address = config.keys.find(({ name }) => /(?:^|[a-z])(?:url|uri|endpoint|host|hostname)$/i.test(name));
      return address !== undefined && entry.permissions.hosts.length === 0 ? [{ found: `${label} has the key ${address.path}, and declares no hosts`, at: "package.json" }] : [];
    }),
  },
  {
    id: "errors.codes", level: "error", expects: "errors have codes that core knows", fix: "take the code that the contract names: MLS6001 not reached, MLS6002 not allowed, MLS6003 refused; mlstack explain lists all",
    find: ({ folder, shipped }) => shipped.filter((path) => path.startsWith("dist/") && /\.m?js$/.test(path)).flatMap((path) => [...new Set([...(folder.read(path) ?? "").matchAll(/\bMlstackError\(\s*["'`](MLS\w*)["'`]/g)].map((match) => match[1]!))].filter((code) => !(code in ERROR_CODES)).map((code) => ({ found: `${code} is none`, at: path }))),
  },
];
