import type { ArtifactType } from "@mlstack/core";
import { artifactType, readText, typeMismatch, unstorable, type FormatOptions } from "./artifact-type.ts";
import { textPreview } from "./preview.ts";

const FILE = "value.txt";

/**
 * A string: format `text/1`, one file `value.txt`, UTF-8. Line ends and a byte order mark are kept as they are.
 *
 * @throws on save MLS3006 for a lone surrogate, which UTF-8 has no bytes for, MLS1009 for what is no string; on load MLS3008 for bytes
 *   that are not UTF-8
 */
export function text(options: FormatOptions = {}): ArtifactType<string> {
  return artifactType<string>("text/1", options, {
    async save(value, dir) {
      if (typeof value !== "string") throw typeMismatch("text/1", value, "a string");
      const lone = /\p{Surrogate}/u.exec(value);
      if (lone !== null) throw unstorable("text/1", `the text has half a surrogate pair at ${lone.index}`, "mend it with value.toWellFormed(), or declare json()");
      await dir.write(FILE, value);
    },
    load: (dir, format) => readText(dir, format, FILE, "keep"),
    extractMetadata: (value) => ({ characters: value.length, lines: lineCount(value) }),
    preview: textPreview,
  });
}

/** As editors count: a line end after the last line begins no new one. */
function lineCount(value: string): number {
  if (value === "") return 0;
  let lines = value.endsWith("\n") ? 0 : 1;
  for (let at = value.indexOf("\n"); at !== -1; at = value.indexOf("\n", at + 1)) lines++;
  return lines;
}
