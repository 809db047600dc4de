/** The unit in which a moment or a span is counted. */
export type TimeUnit = "s" | "ms" | "us" | "ns";

/** The type of a column's values: what they mean, not how some library lays them out. */
export type Dtype =
  | { readonly kind: "null" | "bool" | "string" | "binary" }
  | { readonly kind: "int"; readonly bits: number; readonly signed: boolean }
  | { readonly kind: "float"; readonly bits: number }
  /** A whole number of 128 bits, to be divided by 10^scale. */
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  /** Days since 1970-01-01, 32 bits. */
  | { readonly kind: "date" }
  /** Since midnight, 64 bits. */
  | { readonly kind: "time"; readonly unit: TimeUnit }
  /** Since 1970-01-01T00:00, 64 bits; in UTC where it has a zone, else of no stated place. */
  | { readonly kind: "datetime"; readonly unit: TimeUnit; readonly zone: string | undefined }
  /** 64 bits. */
  | { readonly kind: "duration"; readonly unit: TimeUnit }
  /** Strings, stored as codes. `categories` is the set that the codes belong to (name, namespace, width), where it is not the common one. */
  | { readonly kind: "categorical"; readonly categories: readonly string[] | undefined }
  /** Strings out of a fixed list. */
  | { readonly kind: "enum"; readonly values: readonly string[] }
  | { readonly kind: "list"; readonly item: Dtype }
  | { readonly kind: "array"; readonly item: Dtype; readonly width: number }
  | { readonly kind: "struct"; readonly fields: readonly { readonly name: string; readonly dtype: Dtype }[] };

/**
 * The name of a dtype: different for different dtypes, and part of every content digest, so that it never changes. Names of fields and
 * values of enums are JSON strings.
 *
 * @example int64, uint8, float32, decimal(10, 2), datetime(us, "Europe/Berlin"), enum("a", "b"), list(array(int8, 3)), struct("a": date)
 */
export function dtypeName(dtype: Dtype): string {
  switch (dtype.kind) {
    case "int": return `${dtype.signed ? "int" : "uint"}${dtype.bits}`;
    case "float": return `float${dtype.bits}`;
    case "decimal": return `decimal(${dtype.precision}, ${dtype.scale})`;
    case "datetime": return dtype.zone === undefined ? `datetime(${dtype.unit})` : `datetime(${dtype.unit}, ${JSON.stringify(dtype.zone)})`;
    case "time": case "duration": return `${dtype.kind}(${dtype.unit})`;
    case "categorical": return dtype.categories === undefined ? "categorical" : `categorical(${quoted(dtype.categories)})`;
    case "enum": return `enum(${quoted(dtype.values)})`;
    case "list": return `list(${dtypeName(dtype.item)})`;
    case "array": return `array(${dtypeName(dtype.item)}, ${dtype.width})`;
    case "struct": return `struct(${dtype.fields.map(({ name, dtype: field }) => `${JSON.stringify(name)}: ${dtypeName(field)}`).join(", ")})`;
    default: return dtype.kind;
  }
}

function quoted(texts: readonly string[]): string {
  return texts.map((text) => JSON.stringify(text)).join(", ");
}

/** Bytes of one value of a dtype with values of one size; undefined for others. */
export function valueBytes(dtype: Dtype): number | undefined {
  switch (dtype.kind) {
    case "int": case "float": return dtype.bits / 8;
    case "decimal": return 16;
    case "date": return 4;
    case "time": case "datetime": case "duration": return 8;
    default: return undefined;
  }
}
