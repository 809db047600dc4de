import type { ArtifactKind, ArtifactType } from "@mlstack/core";
import type { DataFrame } from "nodejs-polars";
import { tableMetadata } from "./describe/metadata.ts";
import { tablePreview } from "./describe/preview.ts";
import { contentDigest } from "./digest/content-digest.ts";
import { polarsKind, typeMismatch } from "./errors.ts";
import { readParquet, writeParquet } from "./parquet-file.ts";

const FORMAT = "parquet.table/1";

export interface FrameOptions {
  /** What the artifact is for, in lists and filters; `data` by default. No part of a cache key. */
  readonly kind?: ArtifactKind | undefined;
}

/**
 * A data frame of polars: format `parquet.table/1`, one file `data.parquet`, readable by whatever reads Parquet. Every dtype that
 * nodejs-polars can write comes back unchanged; README.md lists them.
 *
 * Its identity downstream is `contentDigest`, of the columns' names, dtypes, order and values: the same for the same data whatever
 * chunks it is in, and whichever version of polars wrote it.
 *
 * @throws on save MLS1009 for a value that is no DataFrame, MLS3006 for a column that would come back changed, MLS3004 where the disk
 *   is full, MLS3003 where it fails otherwise; on load MLS3008 for a file that polars cannot read; MLS2005 where polars cannot be loaded
 */
export function dataframe(options: FrameOptions = {}): ArtifactType<DataFrame> {
  return {
    format: FORMAT,
    kind: options.kind ?? "data",
    codec: {
      reads: [FORMAT],
      async save(value, dir) {
        if (polarsKind(value) !== "DataFrame") throw typeMismatch(FORMAT, value, "a DataFrame of nodejs-polars");
        await writeParquet(value, dir, FORMAT);
      },
      load: readParquet,
      extractMetadata: tableMetadata,
      preview: tablePreview,
      contentDigest: (value) => contentDigest(value, "mlstack.table/1"),
    },
  };
}
