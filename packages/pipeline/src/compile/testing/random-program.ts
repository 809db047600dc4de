/**
 * Random programs of a few modules with an exported function `run`, and random edits of them. Names collide on purpose, inside of a
 * module and between modules. The same seed gives the same program.
 */

export type Random = (limit: number) => number;

export function random(seed: number): Random {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

const pick = <T>(r: Random, from: readonly T[]): T => from[r(from.length)] as T;

/** What a name holds: a number, a function of a number, an object { p, q() }, a class, an enum, a TypeScript namespace, a module's namespace, an array. */
type Kind = "num" | "fn" | "obj" | "cls" | "enum" | "tsns" | "ns" | "arr";
interface Name { readonly name: string; readonly kind: Kind; readonly members?: readonly Name[]; /** Its member p can be set. */ readonly isOpen?: boolean; /** It can be assigned. */ readonly isLet?: boolean }

/** A piece of a module that an edit may move, change or take away. */
export interface Piece { readonly tag: "import" | "statement" | "effect" | "export"; readonly text: string }
export interface Module { readonly path: string; readonly pieces: readonly Piece[] }
export interface Program { readonly modules: readonly Module[]; readonly data: Readonly<Record<string, string>> }

export const sourceOf = (module: Module): string => module.pieces.map((p) => p.text).join("\n") + "\n";
export const filesOf = (program: Program): Record<string, string> => ({ ...Object.fromEntries(program.modules.map((m) => [m.path, sourceOf(m)])), ...program.data });

const POOL = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

class Writer {
  readonly r: Random;
  constructor(r: Random) { this.r = r; }

  /** An expression that is a number, from what is in scope. */
  num(env: readonly Name[], depth = 3): string {
    const { r } = this;
    const deep = depth > 0;
    const visible = env.filter((n, i) => env.findLastIndex((m) => m.name === n.name) === i);
    const of = (kind: Kind) => visible.filter((n) => n.kind === kind);
    const choices: (() => string)[] = [() => String(r(9) + 1)];
    const sub = () => this.num(env, depth - 1);
    const from = <T>(list: readonly T[], make: (item: T) => string) => { if (list.length > 0) choices.push(() => make(pick(r, list)), () => make(pick(r, list))); };
    from(of("num"), (n) => n.name);
    from(of("obj"), (n) => pick(r, [`${n.name}.p`, `${n.name}?.p`, `${n.name}["p"]`, `(({ p: z }) => z)(${n.name})`, `({ ...${n.name} }).p`]));
    from(of("cls"), (n) => `${n.name}.s`);
    from(of("enum"), (n) => `${n.name}.${pick(r, ["A", "B"])}`);
    from(of("tsns"), (n) => `${n.name}.v`);
    from(of("arr"), (n) => pick(r, [`(${n.name}[0] ?? 0)`, `${n.name}.length`, `[...${n.name}].length`]));
    from(of("ns"), (n) => this.member(n, env, depth));
    if (deep) {
      from(of("fn"), (n) => pick(r, [`${n.name}(${sub()})`, `[${sub()}].map(${n.name})[0]`, `((w) => w(${sub()}))(${n.name})`]));
      from(of("obj"), (n) => `${n.name}.q(${sub()})`);
      from(of("cls"), (n) => `new ${n.name}(${sub()}).m()`);
      from(of("tsns"), (n) => `${n.name}.t(${sub()})`);
      choices.push(
        () => `(${sub()} ${pick(r, ["+", "-", "*"])} ${sub()})`,
        () => `(${sub()} > ${sub()} ? ${sub()} : ${sub()})`,
        () => { const p = pick(r, POOL); return `((${p}) => ${this.num([...env, { name: p, kind: "num" }], depth - 1)})(${sub()})`; },
        () => { const p = pick(r, POOL); return `(({ ${p} = ${sub()} }: { ${p}?: number }) => ${this.num([...env, { name: p, kind: "num" }], depth - 1)})({})`; },
        () => `(\`${pick(r, ["", " ", "x"])}\${${sub()}}\`).length`,
        () => { const p = pick(r, POOL); return `(() => { const ${p} = ${this.num(env.filter((n) => n.name !== p), depth - 1)}; { const ${pick(r, POOL)} = 1; } return ${this.num([...env, { name: p, kind: "num" }], depth - 1)}; })()`; },
        () => { const p = pick(r, POOL); return `(() => { let t = 0; for (const ${p} of [1, 2]) t += ${this.num([...env, { name: p, kind: "num" }], depth - 1)}; return t; })()`; },
        () => { const p = pick(r, POOL); return `(() => { try { throw ${sub()}; } catch (${p}) { return ${this.num([...env, { name: p, kind: "num" }], depth - 1)}; } })()`; },
        () => { const p = pick(r, POOL); return `(() => { return ${p}(1); function ${p}(x: number) { return x + ${String(r(5))}; } })()`; },
      );
    }
    return pick(r, choices)();
  }

  member(ns: Name, env: readonly Name[], depth: number): string {
    const m = pick(this.r, ns.members ?? []) as Name | undefined;
    if (m === undefined) return "0";
    return this.num([{ name: `${ns.name}.${m.name}`, kind: m.kind }], depth > 0 ? 1 : 0).replace(/^\d+$/, m.kind === "num" ? `${ns.name}.${m.name}` : "2");
  }

  /** A declaration of a name. */
  declaration(name: string, env: readonly Name[], isFirst: boolean): { readonly text: string; readonly kind: Kind; readonly isOpen?: boolean; readonly isLet?: boolean } {
    const { r } = this;
    const p = pick(r, POOL);
    const inner: Name[] = [...env, { name: p, kind: "num" }];
    const noted = r(5) === 0 ? `log.push("${name}", ${this.num(env, 0)}); ` : ""; // reading or calling it is an effect
    switch (r(isFirst ? 9 : 14)) {
      case 0: case 1: return { kind: "num", text: `${r(5) === 0 ? "var" : "const"} ${name} = ${this.num(env, 2)};` };
      case 2: return { kind: "num", text: `const ${name} = ${String(r(50))};` };
      case 3: return { kind: "fn", text: `function ${name}(${p}: number, extra = ${this.num(env, 1)}) { ${noted}return ${this.num(inner, 2)} + extra; }` };
      case 4: return { kind: "fn", text: `const ${name} = (${p}: number) => ${this.num(inner, 2)};` };
      case 5: return { kind: "obj", isOpen: true, text: `const ${name} = { p: ${this.num(env, 1)}, q(${p}: number) { ${noted}return ${this.num(inner, 1)}; }, ["k" + ${String(r(3))}]: 1 };` };
      case 6: return { kind: "arr", text: `const ${name} = [${this.num(env, 1)}, ${this.num(env, 0)}];` };
      case 7: return { kind: "enum", text: `${r(2) === 0 ? "const " : ""}enum ${name} { A = ${String(r(9))}, B = A + ${String(r(9))} }` };
      case 8: return { kind: "cls", text: `class ${name} { ${noted === "" ? "" : `static { ${noted}} `}#x; static s = ${this.num(env, 1)}; y = ${this.num(env, 0)}; constructor(${p}: number) { this.#x = ${this.num(inner, 1)}; } m() { return this.#x + this.y; } }` };
      case 9: return { kind: "tsns", text: `namespace ${name} { export const v = ${this.num(env, 1)}; export function t(${p}: number) { return ${this.num(inner, 1)} + v; } }` };
      case 10: return { kind: "obj", text: `const ${name} = { get p() { ${noted}return ${this.num(env, 1)}; }, q: (${p}: number) => ${this.num(inner, 1)} };` };
      case 11: return { kind: "num", text: `const { p: ${name} = 3 } = { p: ${this.num(env, 1)} };` };
      case 12: return { kind: "num", isLet: true, text: `let ${name} = ${this.num(env, 1)};` };
      default: {
        const base = env.filter((n) => n.kind === "cls");
        return base.length === 0 ? { kind: "num", text: `const [${name}] = [${this.num(env, 1)}];` }
          : { kind: "cls", text: `class ${name} extends ${pick(r, base).name} { static s = ${this.num(env, 1)}; m() { return super.m() + ${this.num(env, 1)}; } }` };
      }
    }
  }

  effect(env: readonly Name[]): string {
    const { r } = this;
    const some = (kind: Kind) => env.filter((n) => n.kind === kind);
    const choices = [`log.push(${this.num(env, 1)});`, `const u${String(r(99))} = ${this.num(env, 1)};`, `if (${this.num(env, 1)} > 3) { log.push(${this.num(env, 0)}); }`, `for (${r(9) === 0 ? "var" : "let"} v = 0; v < 2; v++) log.push(v);`, `log.length > 5 || log.push(${this.num(env, 0)});`];
    for (const n of some("obj").filter((o) => o.isOpen === true)) choices.push(`Object.assign(${n.name}, { p: ${this.num(env, 1)} });`, `${n.name}.q = (z: number) => ${this.num(env, 1)} + z;`, `(() => { ${n.name}.p = ${this.num(env, 1)}; })();`, `["p"].forEach((key) => { ${n.name}[key as "p"] = ${this.num(env, 0)}; });`);
    for (const n of env.filter((o) => o.isLet === true)) choices.push(`if (${this.num(env, 0)} > 3) ${n.name} = ${this.num(env, 1)};`, `for (const v of [1, 2]) ${n.name} += v;`, `{ ${n.name} = ${this.num(env, 0)}; }`);
    for (const n of some("arr")) choices.push(`${n.name}.push(${this.num(env, 1)});`, `${n.name}[0] = ${this.num(env, 0)};`);
    for (const n of some("cls")) choices.push(`${n.name}.s = ${this.num(env, 1)};`, `${n.name}.prototype.m = function () { return ${this.num(env, 1)}; };`);
    return pick(r, choices);
  }
}

export function makeProgram(seed: number): Program {
  const r = random(seed);
  const w = new Writer(r);
  const count = 2 + r(4);
  const modules: Module[] = [];
  const exported: Name[][] = [];
  // from the leaves up: a module imports later ones only, but for a few circles
  for (let at = count - 1; at >= 0; at--) {
    const pieces: Piece[] = [{ tag: "import", text: `import { log } from "./state.ts";` }];
    const env: Name[] = [];
    const taken = new Set<string>();
    const others = Array.from({ length: count - 1 - at }, (_, i) => at + 1 + i);
    for (const other of others) {
      const names = exported[other] ?? [];
      switch (names.length === 0 ? 9 : r(8)) {
        case 0: case 1: case 2: case 3: {
          const chosen = names.filter((n) => n.name !== "default" && r(3) > 0);
          const specifiers = chosen.flatMap((n) => {
            const local = r(3) === 0 ? pick(r, POOL) : n.name;
            if (taken.has(local)) return [];
            taken.add(local);
            env.push({ ...n, name: local, isLet: false });
            return [local === n.name ? n.name : `${n.name} as ${local}`];
          });
          pieces.push({ tag: "import", text: `import { ${specifiers.join(", ")} } from "./m${other}.ts";` });
          break;
        }
        case 4: case 5: {
          const local = `n${other}`;
          env.push({ name: local, kind: "ns", members: names.filter((n) => n.name !== "default" && n.kind !== "ns") });
          pieces.push({ tag: "import", text: `import * as ${local} from "./m${other}.ts";` });
          break;
        }
        case 6: pieces.push({ tag: "import", text: `import "./m${other}.ts";` }); break;
        default: break;
      }
    }
    if (r(3) === 0) {
      env.push({ name: "data", kind: "obj" });
      pieces.push({ tag: "import", text: `import json from "./data.json" with { type: "json" };` }, { tag: "statement", text: `const data = { p: json.p, q: (z: number) => z + json.list.length };` });
    }
    if (at > 0 && r(8) === 0) pieces.push({ tag: "import", text: `import * as back from "./m${r(at)}.ts";` }, { tag: "statement", text: "export const backs = () => Object.keys(back).length;" });
    const own: Name[] = [];
    const size = 2 + r(5);
    for (let i = 0; i < size; i++) {
      const name = POOL.find((n) => !taken.has(n) && r(3) > 0);
      if (name === undefined) continue;
      taken.add(name);
      const { text, ...declared } = w.declaration(name, [...env, ...own], i === 0);
      own.push({ name, ...declared });
      pieces.push({ tag: "statement", text });
      if (r(5) === 0) pieces.push({ tag: "effect", text: w.effect([...env, ...own]) });
    }
    const out: Name[] = [];
    for (const n of own) {
      if (r(4) === 0) continue;
      if (r(3) === 0 && out.every((o) => o.name !== `x${n.name}`)) {
        out.push({ ...n, name: `x${n.name}` });
        pieces.push({ tag: "export", text: `export { ${n.name} as x${n.name} };` });
      } else {
        out.push(n);
        pieces.push({ tag: "export", text: `export { ${n.name} };` });
      }
    }
    // re-exports: of single names, of all, as a namespace
    for (const other of others) {
      const names = (exported[other] ?? []).filter((n) => n.name !== "default");
      const fresh = names.filter((n) => out.every((o) => o.name !== n.name));
      if (fresh.length > 0 && r(4) === 0) {
        const n = pick(r, fresh);
        out.push(n);
        pieces.push({ tag: "export", text: `export { ${n.name} } from "./m${other}.ts";` });
      } else if (r(5) === 0) {
        pieces.push({ tag: "export", text: `export * from "./m${other}.ts";` });
        for (const n of fresh) out.push(n);
      }
    }
    exported[at] = out;
    if (at === 0) {
      const all = [...env, ...own];
      const uses = [...env, ...own].filter(() => r(5) > 0).flatMap((n) => [w.num([n], 1), w.num([n], 1)]);
      const results = [w.num([...all, { name: "x", kind: "num" }]), w.num([...all, { name: "x", kind: "num" }]), ...uses];
      pieces.push({ tag: "statement", text: `export function run(x: number) {\n  const out: unknown[] = [${results.join(", ")}];\n  ${r(2) === 0 ? "out.push(log.join());" : ""}\n  return out;\n}` });
    }
    modules.unshift({ path: `m${at}.ts`, pieces });
  }
  modules.push({ path: "state.ts", pieces: [{ tag: "statement", text: "export const log: unknown[] = [];" }] });
  return { modules, data: { "data.json": JSON.stringify({ p: r(9), list: [1, 2, 3].slice(r(3)) }) } };
}

/** One random edit, and what it is called. */
export function edit(program: Program, r: Random): Edited {
  for (let i = 0; i < 9; i++) {
    const edited = tryEdit(program, r);
    if (JSON.stringify(edited.program) !== JSON.stringify(program)) return edited;
  }
  return { program, what: "nothing" };
}

interface Edited { readonly program: Program; readonly what: string }

function tryEdit(program: Program, r: Random): Edited {
  const at = r(program.modules.length);
  const module = program.modules[at] as Module;
  const put = (pieces: readonly Piece[], what: string) => ({ what, program: { ...program, modules: program.modules.map((m, i) => (i === at ? { ...m, pieces } : m)) } });
  const n = r(module.pieces.length);
  const piece = module.pieces[n];
  if (piece === undefined) return { program, what: "nothing" };
  const replace = (text: string, what: string) => put(module.pieces.map((p, i) => (i === n ? { ...p, text } : p)), what);
  const w = new Writer(r);
  switch (r(18)) {
    case 0: case 1: case 2: case 16: case 17: {
      if (piece.tag === "import" || piece.tag === "export") break;
      const spots = [...piece.text.matchAll(/(?<![\w$."'])\d+(?![\w$"'])/g)];
      if (spots.length === 0) break;
      const spot = pick(r, spots);
      return replace(piece.text.slice(0, spot.index) + String(r(20)) + piece.text.slice(spot.index + spot[0].length), "number");
    }
    case 3: {
      const spots = [...piece.text.matchAll(/ [+*-] /g)];
      if (spots.length === 0) break;
      const spot = pick(r, spots);
      return replace(piece.text.slice(0, spot.index) + ` ${pick(r, ["+", "-", "*"])} ` + piece.text.slice(spot.index + 3), "operator");
    }
    case 4: case 5: {
      const m = r(module.pieces.length);
      const moved = module.pieces.toSpliced(n, 1);
      moved.splice(m, 0, piece);
      return put(moved, `move ${piece.tag}`);
    }
    case 6: return put(module.pieces.toSpliced(n, 1), `remove ${piece.tag}`);
    case 7: {
      const names = [...piece.text.matchAll(/(?<![\w$.'"])[a-j](?![\w$'":])/g)];
      if (names.length === 0) break;
      const spot = pick(r, names);
      return replace(piece.text.slice(0, spot.index) + pick(r, POOL) + piece.text.slice(spot.index + 1), `name in ${piece.tag}`);
    }
    case 8: return put(module.pieces.toSpliced(n, 0, { tag: "effect", text: w.effect([{ name: "log", kind: "arr" }]) }), "add effect");
    case 9: {
      const name = pick(r, POOL);
      return put([...module.pieces, { tag: "statement", text: w.declaration(name, [], true).text }], "add declaration");
    }
    case 10: return replace(piece.text.replace(/"\.\/m(\d)\.ts"/, () => `"./m${r(program.modules.length - 1)}.ts"`), "redirect");
    case 11: return { what: "data", program: { ...program, data: { "data.json": JSON.stringify({ p: r(9), list: [1, 2, 3].slice(r(3)) }) } } };
    case 12: return replace(`/* ${String(r(99))} */ ${piece.text.replaceAll(" + ", "  +  ")} // end`, "comment");
    case 13: return replace(piece.text.replace("export {", "export { "), "layout");
    case 14: return put([{ tag: "import", text: `import "./m${r(program.modules.length - 1)}.ts";` }, ...module.pieces], "add import");
    default: {
      if (!piece.text.startsWith("export {")) break;
      return replace(piece.text.replace(/\{ (\w)/, () => `{ ${pick(r, POOL)}`), "export another");
    }
  }
  return { program, what: "nothing" };
}
