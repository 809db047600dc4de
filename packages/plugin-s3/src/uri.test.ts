import { MlstackError } from "@mlstack/core";
import { expect, test } from "vitest";
import { parseUri, uriOf } from "./uri.ts";

test.each([
  ["s3://data/a/b.csv", "data", "a/b.csv"], ["s3://data/a b?x#y%41", "data", "a b?x#y%41"], ["s3://data//a", "data", "/a"], ["s3://data", "data", ""], ["s3://data/", "data", ""],
  ["s3://my.bucket-1/ä\nb", "my.bucket-1", "ä\nb"],
])("%j is taken apart", (uri, bucket, key) => {
  expect(parseUri(uri)).toEqual({ bucket, key });
  if (key !== "") expect(uriOf({ bucket, key })).toBe(uri);
});

test.each(["", "data/a", "s3:/data/a", "S3://data/a", "gs://data/a", "s3:///a", "s3://d/a", "s3://da ta/a", "s3://-ab/a", "https://data/a"])("%j is refused", (uri) => {
  expect(() => parseUri(uri)).toThrow(expect.toSatisfy((e) => MlstackError.is(e, "MLS3010")));
});
