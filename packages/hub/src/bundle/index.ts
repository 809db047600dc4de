export { exportBundle, type Exported, type ExportOptions } from "./export-bundle.ts";
export { importBundle, type Imported, type ImportOptions } from "./import-bundle.ts";
