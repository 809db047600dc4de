import { manifestOf } from "@mlstack/core";
import { expect, test } from "vitest";
import { trackerConfig } from "./config.ts";
import plugin from "./index.ts";

test("what is refused, and where", () => {
  const url = "https://mlflow.example.com";
  const issues = (config: unknown): string[] => trackerConfig.safeParse(config).error?.issues.map((i) => i.path.join(".")) ?? [];
  expect(issues({ trackingUri: `${url}/prefix/`, token: "t", caFile: "ca.pem" })).toEqual([]);
  expect(issues({ trackingUri: "http://localhost:5000", username: "u", password: "" })).toEqual([]);
  for (const bad of ["file:///mlruns", "mlruns", "https://user:pw@mlflow.example.com", `${url}/?a=b`, `${url}/#/experiments`]) expect(issues({ trackingUri: bad })).toContain("trackingUri");
  expect(issues({ trackingUri: url, username: "u" })).toEqual(["password"]);
  expect(issues({ trackingUri: url, password: "p" })).toEqual(["username"]);
  expect(issues({ trackingUri: url, username: "u", password: "p", token: "t" })).toEqual(["token"]);
  expect(issues({ trackingUri: "http://localhost", caFile: "ca.pem" })).toEqual(["caFile"]);
  expect(issues({ trackingUri: url, tracking_uri: url })).toEqual([""]);
});

test("every key is described", () => {
  const { config } = manifestOf(plugin, "./dist/index.js", "*").components[0]!;
  for (const [key, schema] of Object.entries(config["properties"] as Record<string, { description?: string }>)) expect(schema.description, key).toBeTruthy();
});
