/** JSON as a module whose keys are exports, as bundlers and TypeScript have it. */
export function jsonModule(text: string): string {
  const literal = text.replace(/^\uFEFF/, "");
  const value: unknown = JSON.parse(literal);
  const keys = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value).filter((k) => k !== "default" && !/[\ud800-\udfff]/.test(k)) : [];
  // parsed there, and not written as a literal: `__proto__` is a plain key in JSON, and -0 and 1e999 are lost when a value is written again
  return [`const data = JSON.parse(${JSON.stringify(literal)});`, "export default data;", ...keys.map((k, i) => `const v${i} = data[${JSON.stringify(k)}]; export { v${i} as ${JSON.stringify(k)} };`)].join("\n") + "\n";
}
