import fc from "fast-check";
import { expect, test } from "vitest";
import { MlstackError } from "../errors/mlstack-error.ts";
import { redactor } from "./redactor.ts";

test("values are taken out in every form in which they are usually told", () => {
  const r = redactor(['pa"ss/word 1']);
  expect(r.text('pa"ss/word 1!')).toBe("[secret]!");
  expect(r.text(JSON.stringify({ a: 'pa"ss/word 1' }))).toBe('{"a":"[secret]"}');
  expect(r.text(`https://x?t=${encodeURIComponent('pa"ss/word 1')}`)).toBe("https://x?t=[secret]");
  expect(r.text(Buffer.from('pa"ss/word 1').toString("base64"))).toBe("[secret]");
});

test("behind other text in base64, as in a header, and in queries and passwords of addresses", () => {
  const value = "it's >?/& päss/1";
  const r = redactor([value]);
  for (const user of ["a", "ab", "abc", "somebody"]) {
    for (const after of ["", "x", "xy", "xyz"]) {
      for (const form of ["base64", "base64url"] as const) {
        const told = r.text(`Basic ${Buffer.from(`${user}:${value}${after}`).toString(form)}.`);
        // what holds bits of the value alone is gone: at most a part of a character is left on either side
        expect(told).toMatch(/^Basic [\w+/-]*\[secret\][\w+/=-]{0,8}\.$/);
      }
    }
  }
  const url = new URL(`https://me@host/?${new URLSearchParams({ token: value }).toString()}&more=1`);
  url.password = value;
  expect(r.text(url.href)).toBe("https://me:[secret]@host/?token=[secret]&more=1");
  expect(redactor(["\ud800-half-of-it"]).text("\ud800-half-of-it")).toBe("[secret]");
});

test("lines of a longer value, and of two values that hold each other the longer", () => {
  const r = redactor(["-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nshort\n", "token", "token-and-more"]);
  expect(r.text("read MIIEvQIBADANBgkqhkiG9w0BAQ, then short")).toBe("read [secret], then short");
  expect(r.text("token-and-more token")).toBe("[secret] [secret]");
});

test("what is too short is left, and so is everything where nothing is known", () => {
  expect(redactor(["abcd"]).text("abcd")).toBe("abcd");
  const value = { a: [1, "x", null] };
  expect(redactor().data(value)).toBe(value);
  expect(redactor(["secret-value"]).data(value)).toBe(value);
});

test("errors keep their code, their causes and their class's name", () => {
  const r = redactor(["hunter-two"]);
  const told = r.error(new MlstackError("MLS6002", "refused hunter-two", { why: "hunter-two", fix: "x", details: { "hunter-two": ["hunter-two"] }, cause: new TypeError("of hunter-two") }));
  expect(MlstackError.is(told, "MLS6002") && told.message).toBe("refused [secret]");
  expect(JSON.stringify(told)).not.toContain("hunter-two");
  expect((told as MlstackError).stack).not.toContain("hunter-two");
  const type = r.error(new TypeError("hunter-two is no number")) as Error;
  expect([type.name, type.message]).toEqual(["TypeError", "[secret] is no number"]);
  expect(type.stack).not.toContain("hunter-two");
  const clean = new Error("nothing");
  expect(r.error(clean)).toBe(clean);
});

test("no value that is long enough is left in data, wherever it stands", () => {
  const canary = "kanarienvogel-42";
  const r = redactor([canary]);
  const around = fc.string({ maxLength: 20 });
  const { tree } = fc.letrec((tie) => ({ tree: fc.oneof({ maxDepth: 4 }, fc.tuple(around, around).map(([a, b]) => a + canary + b), fc.integer(), fc.constant(null), fc.array(tie("tree"), { maxLength: 4 }), fc.dictionary(around.map((k) => `${k}${canary}`), tie("tree"), { maxKeys: 3 })) }));
  fc.assert(fc.property(tree, (value) => { expect(JSON.stringify(r.data(value))).not.toContain(canary); }));
});
