import { describe, expect, it } from "vitest";
import { cautiously, patiently, tape, vendorError, type Sent } from "./tape.ts";

const a: Sent = { method: "GET", url: "/a", headers: { x: "1" } };

describe("a recording", () => {
  it("answers what it expects, in order, and nothing else", async () => {
    const t = tape([a, { status: 200 }], [{ method: "PUT", url: "/b", body: { n: 1 } }, { status: 201 }]);
    await expect(t.send({ ...a, headers: { x: "2" } })).rejects.toThrow(/request 1 differs/);
    expect(await t.send({ ...a, headers: { x: "1", y: "2" } })).toEqual({ status: 200 });
    expect(() => t.done()).toThrow(/1 recorded requests were never sent/);
    await expect(t.send({ method: "PUT", url: "/b", body: { n: 2 } })).rejects.toThrow(/request 2 differs/);
    await t.send({ method: "PUT", url: "/b", body: { n: 1 } });
    t.done();
    await expect(t.send(a)).rejects.toThrow(/not in the recording/);
  });

  it("knows which requests may have arrived", async () => {
    expect(await patiently(tape([a, "refused"], [a, { status: 200 }]).send, a)).toMatchObject({ unsure: false });
    expect(await patiently(tape([a, "lost"], [a, { status: 200 }]).send, a)).toMatchObject({ unsure: true });
    await expect(patiently(tape([a, "lost"], [a, "lost"], [a, "lost"]).send, a)).rejects.toMatchObject({ code: "MLS6001" });
    await expect(cautiously(tape([a, "lost"]).send, a)).rejects.toMatchObject({ code: "MLS6001" });
  });

  it("is asked nothing more after an abort", async () => {
    const t = tape([a, { status: 200 }]);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(patiently(t.send, a, { signal })).rejects.toThrow("enough");
    await expect(cautiously(t.send, a, { signal })).rejects.toThrow("enough");
    expect(t.left).toBe(1);
  });

  it("tells what does not serve now from what refuses", () => {
    const codes = [429, 408, 500, 503, 501, 401, 403, 404, 409].map((status) => vendorError("x", { status }).code);
    expect(codes).toEqual(["MLS6001", "MLS6001", "MLS6001", "MLS6001", "MLS6003", "MLS6002", "MLS6002", "MLS6003", "MLS6003"]);
  });
});
