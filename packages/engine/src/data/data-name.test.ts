import { expect, test } from "vitest";
import { dataName } from "./data-name.ts";

test.each([
  ["a.csv", "a.csv"], ["data/2024/a.csv", "a.csv"], ["data/", "data"], ["data/../a.csv", "a.csv"], [".", "project"], ["/abs/a.csv", "a.csv"],
  ["file:///abs/a%20b.csv", "a b.csv"], ["s3://bucket/x/a.csv", "a.csv"], ["s3://bucket/x/", "x"], ["s3://bucket", "bucket"], ["S3://b/a b?.csv", "a b?.csv"],
  ["s3://bucket/..", "data"], ["s3://bucket/a\\b", "data"], ["cafe\u0301.csv", "caf\u00e9.csv"], ["s3://b/cafe\u0301.csv", "caf\u00e9.csv"],
])("%s is called %s", (uri, name) => { expect(dataName("/somewhere/project", uri)).toBe(name); });
