import { MlstackError } from "@mlstack/core/errors";
import type { Registry } from "../registry/registry.ts";

/** Whether a registry has a package of that name; undefined where it can't be asked, or does not say it. */
export async function isPublished(name: string, registry: Pick<Registry, "document">): Promise<boolean | undefined> {
  try {
    await registry.document(name);
    return true;
  } catch (e) {
    if (MlstackError.is(e, "MLS8102")) return false;
    if (MlstackError.is(e)) return undefined;
    throw e;
  }
}
