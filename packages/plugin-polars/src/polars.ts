import { MlstackError } from "@mlstack/core";

type Polars = (typeof import("nodejs-polars"))["default"];

/**
 * The library, loaded on first use: its native part has more than 100 MB.
 *
 * @throws MLS2005 where the native part is missing
 */
export async function loadPolars(): Promise<Polars> {
  try {
    return (await import("nodejs-polars")).default;
  } catch (cause) {
    throw new MlstackError("MLS2005", "polars cannot be loaded", {
      why: "the package manager leaves out the native part, nodejs-polars-…, where it runs under a Node older than that asks for",
      fix: "install again under Node 22 or later", cause,
    });
  }
}
