import { MlstackError, type ArtifactType } from "@mlstack/core";
import type { Series } from "nodejs-polars";
import type { FrameOptions } from "./dataframe.ts";
import { seriesMetadata } from "./describe/metadata.ts";
import { seriesPreview } from "./describe/preview.ts";
import { contentDigest } from "./digest/content-digest.ts";
import { polarsKind, typeMismatch } from "./errors.ts";
import { plainFrame } from "./plain-frame.ts";
import { readParquet, writeParquet } from "./parquet-file.ts";

const FORMAT = "parquet.series/1";

/**
 * A series of polars: format `parquet.series/1`, one file `data.parquet` with one column. Its name comes back too, the empty one as well.
 * Otherwise as `dataframe()`.
 *
 * @throws as `dataframe()`, and on load MLS3007 for a file that has not exactly one column
 */
export function series(options: FrameOptions = {}): ArtifactType<Series> {
  return {
    format: FORMAT,
    kind: options.kind ?? "data",
    codec: {
      reads: [FORMAT],
      async save(value, dir) {
        if (polarsKind(value) !== "Series") throw typeMismatch(FORMAT, value, "a Series of nodejs-polars");
        await writeParquet(value.toFrame(), dir, FORMAT);
      },
      async load(dir) {
        const { frame, names } = plainFrame(await readParquet(dir, FORMAT));
        const [name] = names;
        if (name !== undefined && names.length === 1) return frame.toSeries(0).alias(name);
        throw new MlstackError("MLS3007", `the stored table has ${names.length} columns, a series has one`, {
          fix: "load it as dataframe()", details: { columns: names.length },
        });
      },
      extractMetadata: seriesMetadata,
      preview: seriesPreview,
      contentDigest: (value) => contentDigest(value.toFrame(), "mlstack.series/1"),
    },
  };
}
