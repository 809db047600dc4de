/** Whether a version is in a range of the form that `engines` has here: `^22.19 || ^24.11 || >=26`. */
export function satisfies(version: string, range: string): boolean {
  const found = numbers(version);
  return range.split("||").some((part) => {
    const [, operator = "", text = ""] = /^\s*(\^|>=)?\s*([\d.]+)\s*$/.exec(part) ?? [];
    const wanted = numbers(text);
    if (text === "" || compare(found, wanted) < 0) return false;
    return operator === ">=" || (operator === "^" && found[0] === wanted[0]) || (operator === "" && compare(found, wanted) === 0);
  });
}

const numbers = (version: string): number[] => version.split("-", 1)[0]!.split(".").map(Number);

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
