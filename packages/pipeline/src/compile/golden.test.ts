import { expect, test } from "vitest";
import { CODE_ALGORITHM } from "./digest.ts";
import { TestProject, type Files } from "./testing/project.ts";
import { ZOO } from "./testing/syntax-zoo.ts";
import { TRAINING } from "./testing/training-project.ts";

/*
 * These digests are pinned. If they change, code that did not change is no longer found in the cache, or, worse, different readings of
 * the same code meet under one key. So:
 *
 * - After an upgrade of oxc-parser or oxc-resolver, or a change in this folder, that alters a digest here: count up CODE_ALGORITHM in
 *   digest.ts, and only then write the new digests down. All cached results are computed again once; say so in the changeset.
 * - Never write new digests down under the same CODE_ALGORITHM.
 */
const PINNED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "mlstack-code/2": {
    "pipelines/training.ts#load": "b76853067a55047be6fb33cfb6bfe721dd72e3d6df81d38cfffbffa0d5b8b469",
    "pipelines/training.ts#train": "7660d8dfa1fab66e5741502d3b5ac92c24a87be9a7655c13fb7b5cb0b6651eed",
    "pipelines/training.ts#evaluate": "6d3c6499ceb7b08456e8164c68f675ed2f63778fcdced79c2157bca6e81d6e51",
    "pipelines/training.ts#training": "877ed6ad5950e0acb00f3de474a8c71d09bae6eddf93ed4c1cb69a99f3984c07",
    "all.ts#everything": "3a6290c8646ce0a11575f3b839d5fdf126ce534ec9c633442c16b0b1b91fbd2c",
    "all.ts#animals": "94dc48da6e0104fbd4409ad3d83e0128f5c31ec6879d2ee53e65db38c20a49d5",
    "all.ts#space": "d368492ba681c9626c8e28038d6f73c87b048e43e1f17ffdbe0b4568aa72a157",
    "all.ts#merged": "38c7795afec130774ac8343c9a56856b3246290911758fad376df3a85a3a47a9",
    "all.ts#Alias": "07e502fa90811a75db50047cbc5da5663ca67cb6571ff03347fc5bd6def14a75",
    "all.ts#E": "2d5f10d51be64550afd7de895dc456c079f0a1756c1b0821bd38a793e9ceac9b",
    "expressions.ts#zoo": "8b3e99b96d4782f9aa64d37af0a4d40c78f44e44487040325875725b17786303",
    "expressions.ts#string name": "7461864d26c678f9706ae8ba98460c393dda2e583e5d69747e734b333914b2a3",
    "expressions.ts#default": "50e435fa5b8049974628328893167dc3518b61500464dcb2f6bd0fc6edefd2b3",
    "classes.tsx#C": "81ace467ba198923d6348602693f50dd92536e8c6e4a2bd2c869999ab700db1c",
    "classes.tsx#view": "7021955097c86e86555ceb4b5c904ff8207e1a1414b8986bbfc7e1b7ca1dc4dd",
    "typed.ts#all": "da9ed86e46a4e38ef18d27d65a7a44a9922c35d1d2fb260a7c2f3e1b8322471f",
    "typed.ts#N": "880cc375a48c8c3d6c9d90460c40f6fd24ad61923319c03de4f9459b245566f4",
    "typed.ts#K": "8442ddce6a1d02cb8d57b2c7d0854b192778fe6ef9bb3eb37c9826cdadaf82b0",
    "typed.ts#over": "f7a94ed8b69f53aae8b58faa0c3f57caa6a5b62719318f6e20c51afedb8f136b",
    "merged.ts#M": "7cdcf745fe3e4565f429bd6f71ede6de01e2d14d5db22979c3a3a88df913e8d3",
    "merged.ts#both": "c309fcfef165fb4e866ad6577644b10b496ef5daafb9b41bfa5cdf37e992ae88",
    "merged.ts#E": "684fa331ba76662b7d39663a258aa7f70aa32af8101d71dd7f79e1176fffb741",
  },
};

const digests = (files: Files, wanted: Readonly<Record<string, readonly string[]>>): Record<string, string> => {
  using project = new TestProject(files);
  return Object.fromEntries(Object.entries(wanted).flatMap(([module, names]) => names.map((name) => [`${module}#${name}`, project.fingerprint(module, name).digest])));
};

test("digests are those of this version of the algorithm", () => {
  const found = {
    ...digests(TRAINING, { "pipelines/training.ts": ["load", "train", "evaluate", "training"] }),
    ...digests(ZOO, { "all.ts": ["everything", "animals", "space", "merged", "Alias", "E"], "expressions.ts": ["zoo", "string name", "default"], "classes.tsx": ["C", "view"], "typed.ts": ["all", "N", "K", "over"], "merged.ts": ["M", "both", "E"] }),
  };
  expect(found).toEqual(PINNED[CODE_ALGORITHM]);
});

test("the zoo can be read", () => {
  using project = new TestProject(ZOO);
  const { uncached, modules } = project.fingerprint("all.ts", "everything");
  expect(uncached.map((r) => r.rule)).not.toContain("unreadable-module");
  expect(Object.keys(modules)).toEqual(["all.ts", "classes.tsx", "data.json", "expressions.ts", "legacy.cjs", "typed.ts"]);
});
