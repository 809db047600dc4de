import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Verdaccio } from "../servers/verdaccio.ts";
import { runNpm } from "./npm.ts";

const packages = join(import.meta.dirname, "..", "..", "..", "packages");

/** Publishes all packages of this clone as they are built, each as npm packs it. */
export async function publishWorkspace(verdaccio: Verdaccio): Promise<void> {
  const to = mkdtempSync(join(tmpdir(), "mlstack-live-packed-"));
  try {
    for (const folder of readdirSync(packages).map((name) => join(packages, name))) {
      const { devDependencies: _, scripts: __, ...manifest } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Readonly<Record<string, unknown>>;
      if (manifest["private"] === true) continue;
      const [{ filename }] = JSON.parse(await runNpm(["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", to], { cwd: folder })) as [{ readonly filename: string }];
      const status = await verdaccio.publish(manifest, readFileSync(join(to, filename)));
      if (status !== 201) throw new Error(`${String(manifest["name"])} was not published: ${status}`);
    }
  } finally { rmSync(to, { recursive: true, force: true }); }
}
