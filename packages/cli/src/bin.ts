import { main } from "./main.ts";

const code = await main(process.argv.slice(2));
// what was printed must arrive, and what a cancelled step left running must not keep the process
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise<void>((done) => { stream.write("", () => done()); })));
process.exit(code);
