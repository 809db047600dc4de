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
  "mlstack-code/1": {
    "pipelines/training.ts#load": "c76dcf499699e6878de0169a0f6b071fcd1926859ef467c897d94621c0853757",
    "pipelines/training.ts#train": "a50f66c862a9f11cdf72ba53ffc51d5d57013d1c4ffbb56e7559a84f86f9b6fe",
    "pipelines/training.ts#evaluate": "411629c0db82f0ec475b590166cba31584dc8c06187429f3fd6be4ff52869109",
    "pipelines/training.ts#training": "8533639a19329fc2e566bc24106f5d9589415e2a312df8a61c7cde5c6d00b434",
    "all.ts#everything": "a45f88512bfb4d36d694687e3abfafe29265a4e81b7a359477e63e13688ec97a",
    "all.ts#animals": "af6f93953e2048b8ae2a303bc7beb72ff403bbe4274c4b458aec9f78493711bb",
    "all.ts#space": "b6e83d7a864fd0f80c720618bf25e98b39f5fb350c1fd74085fc4f9bdc929daa",
    "all.ts#merged": "00625d05b3894795c2ee460725e0dab44d0e07116213e330f4e85bde7389e8a9",
    "all.ts#Alias": "84b74b5dfe6f7bb4fa849b645037018f0b5f823acddf040d039100382931dffe",
    "all.ts#E": "1e667a707572ac45a8e26021c9cc5d2056f87b7c7ad6d89e450d1da453b8b352",
    "expressions.ts#zoo": "75049eecc1f23ace9a0236edc56db780a615ef39111ec15ed9e687960ce8ac7e",
    "expressions.ts#string name": "208ee2e8938462c18dd950f7c5035ed13e81564bbc88e6b223fc2ced416f9d54",
    "expressions.ts#default": "e733dee680766c86567658917323a262a3f5f8b771636a381e3f4fe1d41f0ab8",
    "classes.tsx#C": "5cd25b0fb15ddce21761c2075807ebad64aeed0bd31b40d2d3a864f06431afad",
    "classes.tsx#view": "45475469626bd4754d65d15ed2486459e90add467abff10df87b038b265d3e6f",
    "typed.ts#all": "5da7f91970609263b71a42df1620d33824ee77278357b05e6c337dbf0642b734",
    "typed.ts#N": "b1c307e2ded560bd14bbffebcd5303fd34e1898bfc3e518aa6114b4cf21abda4",
    "typed.ts#K": "f4e3db7f20dea13222d256050d44edd57fc24ecc763e01bbe538b824078ba17b",
    "typed.ts#over": "e66da36869c5589289f7bf4794b6c680004046db01c2bc5f0e4ee417150cd696",
    "merged.ts#M": "1ffee4568f71a364fda10c823cda9dec1cc1103142be9ea6a29312881c1326c4",
    "merged.ts#both": "658e9a1f6c205cc7383e01b38f3897c1c90b66752fe9381d7c5cf4d5b1de7f3b",
    "merged.ts#E": "722731115098d7fb02009e69d384616137eaca9af4b0626146f8c94fb288ff8a",
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
