import { expect, test } from "vitest";
import type { Subtree } from "../package-manager/types.ts";
import { secondCore } from "./second-core.ts";

/** A tree of `from to` by ids; the first is the root. */
function tree(...edges: readonly (readonly [string, string])[]): Subtree {
  const ids = [...new Set(edges.flat())];
  const split = (id: string) => ({ name: id.slice(0, id.lastIndexOf("@")), version: id.endsWith("@workspace") ? undefined : id.slice(id.lastIndexOf("@") + 1) });
  return { root: ids[0]!, digest: "", packages: ids.map((id) => ({ id, ...split(id), integrity: undefined, installScript: undefined })), edges: edges.map(([from, to]) => ({ from, as: split(to).name, to })) };
}

test("a core that the integration does not work with is named with the shortest way to it, through circles, too", () => {
  const far = tree(["x@1.0.0", "a@1.0.0"], ["a@1.0.0", "x@1.0.0"], ["a@1.0.0", "b@1.0.0"], ["x@1.0.0", "b@1.0.0"], ["b@1.0.0", "@mlstack/core@9.0.0"]);
  expect(secondCore("x", ">=0.1.0 <1", far)).toMatchObject({ code: "MLS2004", exitCode: 4, message: "x would bring a second core along: x@1.0.0 → b@1.0.0 → @mlstack/core@9.0.0" });
});

test("one that it works with is none of these, nor is one of the workspace", () => {
  expect(secondCore("x", ">=0.1.0 <1", tree(["x@1.0.0", "@mlstack/core@0.4.0-rc.1"], ["x@1.0.0", "core@9.0.0"]))).toBeUndefined();
  expect(secondCore("x", ">=0.1.0 <1", tree(["x@1.0.0", "@mlstack/core@workspace"]))).toBeUndefined();
});
