import type { TimeUnit } from "../arrow/dtype.ts";

const PER_SECOND: Readonly<Record<TimeUnit, bigint>> = { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n };
const SECONDS_PER_DAY = 86_400n;
/** JavaScript's dates end here, in days before and after 1970-01-01. */
const MOST_DAYS = 100_000_000n;

/** A day as ISO 8601, such as `2024-02-29`; beyond JavaScript's calendar as its number. */
export function dateText(days: bigint): string {
  if (days > MOST_DAYS || days < -MOST_DAYS) return `${days} days since 1970-01-01`;
  const text = new Date(Number(days) * 86_400_000).toISOString();
  return text.slice(0, text.indexOf("T"));
}

/** A time of day, such as `23:59:59.5`. */
export function timeText(value: bigint, unit: TimeUnit): string {
  const seconds = value / PER_SECOND[unit];
  const part = (n: bigint): string => String(n).padStart(2, "0");
  return `${part(seconds / 3600n)}:${part((seconds / 60n) % 60n)}:${part(seconds % 60n)}${fractionText(value, unit)}`;
}

/** A moment as ISO 8601, such as `2024-02-29T12:00:00.25`, with `Z` where it is one in UTC. */
export function datetimeText(value: bigint, unit: TimeUnit, zone: string | undefined): string {
  const perDay = PER_SECOND[unit] * SECONDS_PER_DAY;
  const ofDay = ((value % perDay) + perDay) % perDay;
  return `${dateText((value - ofDay) / perDay)}T${timeText(ofDay, unit)}${zone === undefined ? "" : "Z"}`;
}

/** A span as ISO 8601, such as `P1DT2H0.5S`; a day has 24 hours. */
export function durationText(value: bigint, unit: TimeUnit): string {
  if (value < 0n) return `-${durationText(-value, unit)}`;
  const seconds = value / PER_SECOND[unit];
  const fraction = fractionText(value, unit);
  const parts: readonly [bigint, string][] = [[(seconds / 3600n) % 24n, "H"], [(seconds / 60n) % 60n, "M"]];
  const clock = parts.filter(([n]) => n > 0n).map(([n, letter]) => `${n}${letter}`).join("");
  const days = seconds / SECONDS_PER_DAY;
  const rest = seconds % 60n > 0n || fraction !== "" || (days === 0n && clock === "") ? `${seconds % 60n}${fraction}S` : "";
  return `P${days > 0n ? `${days}D` : ""}${clock + rest === "" ? "" : `T${clock}${rest}`}`;
}

/** What follows the seconds, without zeros at the end. */
function fractionText(value: bigint, unit: TimeUnit): string {
  const digits = String(PER_SECOND[unit]).length - 1;
  const text = String(value % PER_SECOND[unit]).padStart(digits, "0").replace(/0+$/, "");
  return text === "" ? "" : `.${text}`;
}
