import { conformanceTests, secretStoreSuite } from "@mlstack/testkit/conformance";
import { describe, test } from "vitest";
import { envSubject } from "./secret-stores.ts";

describe("secret_store@1 by environment variables", () => {
  const subject = envSubject();
  conformanceTests(test, secretStoreSuite, () => subject);
});
