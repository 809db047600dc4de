import type { ConformanceSuite } from "../suite.ts";
import { formatCases, type FormatNeed } from "./cases.ts";
import { withinFormat, type FormatContext, type FormatSubject } from "./subject.ts";

const REASONS: Readonly<Record<FormatNeed, string>> = {
  two: "the test has one value of it alone (samples)", rejects: "the test has no values that it can't hold (rejects)", damaged: "the test has no damaged artifacts of it (damaged)", kept: "the test has no artifacts that others have written (kept)",
  metadata: "the codec has no extractMetadata", preview: "the codec has no preview", contentDigest: "its digest is that of its bytes (contentDigest)",
};

function isThere(need: FormatNeed, { subject, type: { codec } }: FormatContext): boolean {
  switch (need) {
    case "two": return subject.samples.length > 1;
    case "rejects": case "damaged": case "kept": return (subject[need]?.length ?? 0) > 0;
    case "metadata": return codec.extractMetadata !== undefined;
    case "preview": case "contentDigest": return codec[need] !== undefined;
  }
}

/** What a format promises by its codec (`ArtifactType`, `Codec` of @mlstack/core), promise by promise. */
export const formatSuite: ConformanceSuite<FormatSubject, FormatContext, FormatNeed> = {
  contract: "format@1",
  cases: formatCases,
  core: ["round-trip"],
  within: withinFormat,
  lacks: (need, context) => (isThere(need, context) ? undefined : REASONS[need]),
};
