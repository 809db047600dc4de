import type { CatalogComponent } from "../../packages/hub/dist/index.js";
import { configRows } from "./config-rows.ts";

const plain = (text: string): string => (/^[A-Za-z_][\w-]*$/.test(text) ? text : JSON.stringify(text));
const comment = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, " ").trim();

/** How a component looks in a stack's file: what must be said of it, with what it means. */
export function stackSnippet({ type, flavor, config }: CatalogComponent): string {
  const rows = configRows(config).filter((row) => row.required && !row.key.includes("."));
  const lines = rows.flatMap((row) => {
    const value = row.secret === "secret" ? `\${secret:${plain(`${flavor}-${row.key}`.replaceAll("_", "-"))}}` : row.type === "URL" ? "https://…" : "…";
    return [...(row.description === "" ? [] : [`      # ${comment(row.description)}`]), `      ${plain(row.key)}: ${value}`];
  });
  return ["components:", `  ${plain(type)}:`, `    type: ${plain(flavor)}`, ...(lines.length > 0 ? ["    configuration:", ...lines] : [])].join("\n");
}
