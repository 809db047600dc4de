import fc from "fast-check";
import { expect, test } from "vitest";
import { buildProgram } from "../program.ts";
import { completionOf } from "./candidates.ts";

const of = (line: string) => {
  const words = ["mlstack", ...line.split(" ")];
  return completionOf(buildProgram(), words, words.length - 1);
};

test("what stands before decides what may come", () => {
  expect(of("--stack x run show ")).toMatchObject({ kind: "RUN", before: [], options: { stack: "x" } });
  expect(of("run logs abc ")).toMatchObject({ kind: "STEP", before: ["abc"] });
  expect(of("run p.ts --param a=b ")).toMatchObject({ kind: undefined });
  expect(of("run show abc more ")).toMatchObject({ kind: undefined, words: [] });
  // as zsh and fish hand it on; bash cuts it in three
  expect(of("run list --status=fa")).toMatchObject({ kind: "STATUS", typed: "fa", prefix: "--status=" });
  expect(of("run p.ts --param=a=b")).toMatchObject({ typed: "a=b", prefix: "--param=" });
  expect(of("run p.ts --nonsense=a").words).toEqual(of("run p.ts --nonsense").words);
  expect(of("component describe ").kind).toBe("COMPONENT");
  expect(of("component register ").kind).toBe("NAME");
  expect(of("integration info ")).toMatchObject({ kind: "INTEGRATION", verb: "info" });
  expect(of("integration rm x ")).toMatchObject({ kind: "INTEGRATION", verb: "uninstall", before: ["x"] });
  expect(of("integration install x ").kind).toBe("SPEC");
  expect([of("integration bundle export ").kind, of("integration bundle export x ").kind, of("integration bundle import ").kind]).toEqual(["FILE", "SPEC", "FILE"]);
  expect(of("deployment show ").kind).toBe("DEPLOYMENT");
  expect(of("stack register x --artifact-store ").kind).toBe("ARTIFACTSTORE");
  expect(of("run p.ts --stack ")).toMatchObject({ kind: "STACK", words: [] });
  expect(of("--cwd ").kind).toBe("FOLDER");
  expect(of("artifact ls --run ").kind).toBe("RUN");
  expect(of("run show --").words.map((w) => w.word)).toEqual(expect.arrayContaining(["--all", "--json", "--stack"]));
});

test("whatever stands on a line, there is an answer", () => {
  const word = fc.oneof(fc.constantFrom("run", "list", "artifact", "--stack", "=", "--", "-", "-p", "last", "secret", "__complete", ""), fc.string({ maxLength: 6 }));
  fc.assert(fc.property(fc.array(word, { maxLength: 6 }), fc.nat({ max: 8 }), (words, index) => { expect(completionOf(buildProgram(), ["mlstack", ...words], index).words).toBeInstanceOf(Array); }));
});
