import type { ArtifactType, ArtifactValue } from "@mlstack/core";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { bytes, json, list, localDirectory, localFile, ndarray, npy, storedDirectory, storedFile, text, type ArtifactDirectory, type ArtifactFile, type NdArray } from "./index.ts";

test("the value's type follows from the declaration", () => {
  const profile = json(z.object({ rows: z.number(), note: z.string().optional() }));
  expectTypeOf(profile).toEqualTypeOf<ArtifactType<{ rows: number; note?: string | undefined }>>();
  expectTypeOf(json(z.coerce.number())).toEqualTypeOf<ArtifactType<number>>();
  expectTypeOf(json(z.string().transform((s) => s.length), { kind: "metrics" })).toEqualTypeOf<ArtifactType<number>>();
  expectTypeOf(json<Map<string, Date>>()).toEqualTypeOf<ArtifactType<Map<string, Date>>>();
  expectTypeOf(json()).toEqualTypeOf<ArtifactType<unknown>>();
  expectTypeOf(json<number>(undefined, { kind: "metrics" })).toEqualTypeOf<ArtifactType<number>>();
  expectTypeOf(text()).toEqualTypeOf<ArtifactType<string>>();
  expectTypeOf(bytes()).toEqualTypeOf<ArtifactType<Uint8Array>>();
  expectTypeOf(storedFile()).toEqualTypeOf<ArtifactType<ArtifactFile>>();
  expectTypeOf(storedDirectory({ kind: "model" })).toEqualTypeOf<ArtifactType<ArtifactDirectory>>();
  expectTypeOf(localFile("a")).toEqualTypeOf<ArtifactFile>();
  expectTypeOf(localDirectory("a")).toEqualTypeOf<ArtifactDirectory>();
  // @ts-expect-error not a schema
  json(5);
  // @ts-expect-error not a kind
  text({ kind: "book" });
});

test("a list knows its items", () => {
  const profiles = list(json(z.object({ rows: z.number() })));
  expectTypeOf<ArtifactValue<typeof profiles>>().toEqualTypeOf<readonly { rows: number }[]>();
  expectTypeOf(profiles.items).toEqualTypeOf<ArtifactType<{ rows: number }>>();
  expectTypeOf<ArtifactValue<ReturnType<typeof nested>>>().toEqualTypeOf<readonly (readonly string[])[]>();
  expectTypeOf(profiles).toExtend<ArtifactType<unknown>>();
});
const nested = () => list(list(text()));

test("an array's dtype tells its data's class", () => {
  expectTypeOf<ArtifactValue<ReturnType<typeof doubles>>>().toEqualTypeOf<NdArray<"f8">>();
  expectTypeOf<NdArray<"f8">["data"]>().toEqualTypeOf<Float64Array>();
  expectTypeOf(npy()).toEqualTypeOf<ArtifactType<NdArray>>();
  expectTypeOf(ndarray(new Float32Array(2))).toEqualTypeOf<NdArray<"f4">>();
  expectTypeOf(ndarray(new BigUint64Array(2), [1, 2])).toEqualTypeOf<NdArray<"u8">>();
  expectTypeOf(ndarray(new Uint8Array(2))).toEqualTypeOf<NdArray<"u1">>();
  expectTypeOf(ndarray(new Uint8Array(2), [2], "b1")).toEqualTypeOf<NdArray<"b1">>();
  expectTypeOf<NdArray<"f8">>().toExtend<NdArray>();
  // @ts-expect-error no dtype for it
  ndarray([1, 2]);
  // @ts-expect-error no such dtype
  npy({ dtype: "f2" });
  const array = ndarray(new Float64Array(1)) as NdArray;
  if (array.dtype === "i8") expectTypeOf(array.data).toEqualTypeOf<BigInt64Array>();
});
const doubles = () => npy({ dtype: "f8" });
