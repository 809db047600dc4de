import { DatabaseSync } from "node:sqlite";

/** A database as the statements that make it: text can be looked at, and holds the same for every version of SQLite. */
export function dump(path: string): string {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const { user_version: version } = db.prepare("pragma user_version").get() as { user_version: number };
    const made = db.prepare("select type, name, sql from sqlite_master where sql is not null and name not like 'sqlite_%' order by type desc, name").all() as { type: string; name: string; sql: string }[];
    const rows = made.filter(({ type }) => type === "table").flatMap(({ name }) => (db.prepare(`select * from "${name}"`).all() as Record<string, string | number | null>[]).map((row) => `insert into "${name}" (${Object.keys(row).map((c) => `"${c}"`).join(", ")}) values (${Object.values(row).map(literal).join(", ")});`));
    return [`pragma user_version = ${version};`, ...made.map(({ sql }) => `${sql};`), ...rows, ""].join("\n");
  } finally { db.close(); }
}

function literal(value: string | number | null): string {
  if (value === null) return "null";
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") throw new Error("bytes are not dumped");
  return `'${value.replaceAll("'", "''")}'`;
}

/** Makes the database that was dumped. */
export function restore(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  try { db.exec(sql); } finally { db.close(); }
}
