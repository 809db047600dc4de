import { z } from "zod";
import { isDigest, type Digest } from "../digest/digest.ts";

/** What a bundle of this mlstack is written as, and the newest that it reads. */
export const BUNDLE_VERSION = 1;

const digest = z.custom<Digest>(isDigest, "no digest");
const blob = { digest, size: z.int().nonnegative() };
const text = z.string().min(1);
/** No name of a package leads anywhere. */
const name = z.string().regex(/^(?:@[^/\s\\@.][^/\s\\@]*\/)?[^/\s\\@.][^/\s\\@]*$/, "no name of a package");

/** `index.json` of a bundle: what is in it. All lists are sorted by name, and then version. */
export const bundleIndex = z.strictObject({
  bundleVersion: z.literal(BUNDLE_VERSION),
  /** What it was made for; `pinned`: by the lock of the project that it was exported from. */
  integrations: z.array(z.strictObject({ package: name, version: text, pinned: z.boolean() })),
  /** Such as `linux-x64`: packages that are for others alone have no tarball here. Null for all. */
  platforms: z.array(text).nullable(),
  /** Descriptions of packages, of the versions that are here; `registry` tells whether they are those of a registry, as `registryMark` makes it. */
  documents: z.array(z.strictObject({ name, registry: digest, ...blob })),
  tarballs: z.array(z.strictObject({ name, version: text, integrity: text, ...blob })),
});
export type BundleIndex = z.output<typeof bundleIndex>;
