import { expect, test } from "vitest";
import { chromiumPath, HOW_TO_INSTALL } from "./testing/chromium.ts";

test("the browser is the one that is named, or one of the system's, and never another", () => {
  expect(chromiumPath({}, (path) => path === "/usr/bin/google-chrome")).toBe("/usr/bin/google-chrome");
  expect(chromiumPath({ MLSTACK_CHROMIUM: "/x/chrome" }, () => true)).toBe("/x/chrome");
  expect(chromiumPath({ MLSTACK_CHROMIUM: "/x/chrome" }, (path) => path !== "/x/chrome")).toBeUndefined();
  expect(chromiumPath({ MLSTACK_CHROMIUM: "" }, () => true)).toBe("/usr/bin/chromium");
  expect(chromiumPath({}, () => false)).toBeUndefined();
  expect(HOW_TO_INSTALL).toContain("apt-get install chromium");
});
