import type { ArtifactType, ArtifactValue, PluginDefinition } from "@mlstack/core";
import type { DataFrame, Series } from "nodejs-polars";
import { expectTypeOf, test } from "vitest";
import plugin, { dataframe, series } from "./index.ts";

test("the value's type follows from the declaration", () => {
  expectTypeOf(dataframe()).toEqualTypeOf<ArtifactType<DataFrame>>();
  expectTypeOf(series({ kind: "metrics" })).toEqualTypeOf<ArtifactType<Series>>();
  expectTypeOf<ArtifactValue<ReturnType<typeof dataframe>>>().toEqualTypeOf<DataFrame>();
  expectTypeOf(dataframe()).toExtend<ArtifactType<unknown>>();
  expectTypeOf(plugin).toEqualTypeOf<PluginDefinition>();
  // @ts-expect-error not a kind
  dataframe({ kind: "book" });
});
