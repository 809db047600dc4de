import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { packageFingerprinter } from "./fingerprint.ts";
import { installed, link, projectWith, write } from "./testing/project.ts";

const names = ["a", "b", "@s/c"];
const dependencies = Object.fromEntries(names.map((name) => [name, "*"]));

/** Copies of packages with the copies that their dependencies lead to, and those that the project sees. */
const world = fc.record({
  copies: fc.array(fc.record({ name: fc.nat(2), version: fc.nat(1), code: fc.nat(1), links: fc.array(fc.nat(5), { maxLength: 3 }) }), { minLength: 1, maxLength: 6 }),
  roots: fc.array(fc.nat(5), { minLength: 1, maxLength: 3 }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

/** Lays them out in links, as pnpm does. Which copy has which place in the store is arbitrary: `places`. */
function layOut(dir: string, { copies, roots }: World, places: (i: number) => number): string[] {
  mkdirSync(dir, { recursive: true });
  const folder = (i: number, name: string) => `node_modules/.store/${places(i)}/node_modules/${name}`;
  const nameOf = (i: number) => names[copies[i]!.name]!;
  const own = (i: number) => folder(i, nameOf(i));
  copies.forEach(({ version, code }, i) => write(dir, installed(own(i), nameOf(i), `1.0.${version}`, { dependencies }, String(code))));
  const connect = (pathOf: (name: string) => string, targets: readonly number[], taken: string[]): string[] => {
    for (const target of targets.map((t) => t % copies.length)) {
      if (taken.includes(nameOf(target))) continue;
      taken.push(nameOf(target));
      link(dir, pathOf(nameOf(target)), own(target));
    }
    return taken;
  };
  copies.forEach(({ links }, i) => connect((name) => folder(i, name), links, [nameOf(i)]));
  return connect((name) => `node_modules/${name}`, roots, []);
}

function print(dir: string, reached: readonly string[]) {
  return packageFingerprinter({ projectDir: dir, stateDir: join(dir, ".mlstack") }).fingerprint(reached.map((name) => ({ name, from: dir })));
}

test("the digest depends on content and wiring, not on the order of roots or on folders", () => {
  const dir = projectWith({});
  let n = 0;
  fc.assert(fc.property(world, (w) => {
    const [one, other] = [join(dir, `one-${n}`), join(dir, `other-${n++}`)];
    const roots = layOut(one, w, (i) => i);
    layOut(other, w, (i) => 9 - i);
    const first = print(one, roots);
    expect(first.uncached).toEqual([]);
    expect(print(one, [...roots.toReversed(), ...roots])).toEqual(first);
    expect(print(other, roots)).toEqual(first);
    const [root] = roots;
    write(other, { [`node_modules/${root}/index.js`]: "patched" });
    expect(print(other, roots).digest).not.toBe(first.digest);
    rmSync(one, { recursive: true });
    rmSync(other, { recursive: true });
  }), { numRuns: 60 });
});
