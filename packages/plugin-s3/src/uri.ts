import { MlstackError } from "@mlstack/core";

/** An object, or with an empty key a whole bucket. */
export interface Address {
  readonly bucket: string;
  readonly key: string;
}

/**
 * Takes `s3://bucket/key` apart. The key is everything after the bucket as it stands: S3 allows `?`, `#` and `%` in keys, so nothing is decoded.
 *
 * @throws MLS3010 for any other form
 */
export function parseUri(uri: string): Address {
  const found = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])(?:\/(.*))?$/s.exec(uri);
  if (found?.[1] === undefined) {
    throw new MlstackError("MLS3010", `${JSON.stringify(uri)} does not name an object of S3`, { why: "expected s3://BUCKET/KEY", fix: "correct the URI", details: { uri } });
  }
  return { bucket: found[1], key: found[2] ?? "" };
}

export const uriOf = ({ bucket, key }: Address): string => `s3://${bucket}/${key}`;
