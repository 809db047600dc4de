/** `12 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const s = Math.round(ms / 1000);
  return s < 3600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** `512 B`, `1.5 kB`, `13.5 MB`: decimal, as disks are sold. */
export function bytes(n: number): string {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (n < 1000) return unit === "B" ? `${n} B` : `${n.toFixed(1)} ${unit}`;
    n /= 1000;
  }
  return `${n.toFixed(1)} TB`;
}

/** `just now`, `5 min ago`, `3 h ago`, `2 days ago`. */
export function ago(time: number, now: number): string {
  const s = Math.max(0, Math.round((now - time) / 1000));
  if (s < 60) return s < 10 ? "just now" : `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  const d = Math.floor(s / 86_400);
  return `${d} day${d === 1 ? "" : "s"} ago`;
}

/** `1 step`, `2 steps`. */
export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/** A number of a table with at most six significant digits; anything else as it is. */
export function shortNumber(cell: string): string {
  if (!/^-?\d+\.\d+(?:e[+-]?\d+)?$/i.test(cell)) return cell;
  const short = String(Number(Number(cell).toPrecision(6)));
  return short.length < cell.length ? short : cell;
}
