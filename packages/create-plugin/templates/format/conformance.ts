import { conformanceTarget, formatSuite, type ConformanceTarget } from "@mlstack/testkit/conformance";
import { z } from "zod";
// as it would be installed: what is built is what is tested
import { acmeRows } from "@acme/mlstack-plugin";

const type = acmeRows(z.strictObject({ name: z.string(), size: z.number(), tags: z.array(z.string()).optional() }));

// Values of each form, and what the format can't hold: each sample comes back equal, and what is refused is refused before it is stored.
const targets: readonly ConformanceTarget[] = [
  conformanceTarget(formatSuite, {
    flavor: "acme.rows/1",
    start: () => ({
      subject: {
        type,
        samples: [
          { name: "no rows", value: [] },
          { name: "rows", value: [{ name: "a", size: 1 }, { name: "b", size: 0.1, tags: ["x", "y"] }] },
          { name: "texts of every form", value: [{ name: "two\nlines, \u2028, \"quotes\" and 中文 🎉", size: -1e300 }] },
        ],
        rejects: [
          { name: "a number that JSON has not", value: [{ name: "a", size: Number.NaN }] },
          { name: "a row that its schema refuses", value: [{ name: "a" }] },
        ],
        damaged: [
          { name: "no file of rows", files: { "other.txt": "x" } },
          { name: "a line that is no JSON", files: { "rows.ndjson": "{\n" } },
          { name: "a row of another form", files: { "rows.ndjson": `{ "name": 1 }\n` } },
        ],
      },
    }),
  }),
];
export default targets;
