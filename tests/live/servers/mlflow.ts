import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { onFreePort, startServer } from "./process.ts";
import { pythonVenv } from "./tools.ts";

export type MlflowMajor = "3" | "2";

export interface MlflowServer {
  /** Such as `http://127.0.0.1:40001`. */
  readonly url: string;
  /** The exact version, such as `3.17.2`. */
  readonly version: string;
  /** What a process needs to log in; empty without `auth`. */
  readonly env: Readonly<Record<string, string>>;
  log(): string;
  stop(): Promise<void>;
}

const VERSIONS: Readonly<Record<MlflowMajor, readonly [version: string, requirements: readonly string[]]>> = {
  3: ["3.17.2", ["mlflow[auth]==3.17.2"]],
  // SQLAlchemy 2.1 took away a class that MLflow 2 imports
  2: ["2.22.5", ["mlflow[auth]==2.22.5", "sqlalchemy<2.1"]],
};

export const MLFLOW_MAJORS: readonly MlflowMajor[] = ["3", "2"];
/** The user of a server with `auth`. MLflow 2 can have its default password only, which MLflow 3 refuses. */
const PASSWORDS: Readonly<Record<MlflowMajor, string>> = { 3: "for tests only", 2: "password1234" };

/** Installs both versions, each in an environment of its own. */
export async function install(): Promise<string> {
  const folders: string[] = [];
  for (const major of MLFLOW_MAJORS) folders.push(await environment(major));
  return folders.join(delimiter);
}

const environment = (major: MlflowMajor): Promise<string> => pythonVenv(`mlflow${major}`, VERSIONS[major][1]);

/**
 * Starts `mlflow server` with data of its own.
 *
 * @param options.store where runs are kept: `sqlite` (default), or `file`, which MLflow 3 still has behind a switch
 * @param options.auth with MLflow's basic authentication; the user is in `env`
 * @param options.artifacts whether files go through the server; true by default
 */
export async function startMlflow(options: { readonly version: MlflowMajor; readonly store?: "sqlite" | "file"; readonly auth?: boolean; readonly artifacts?: boolean }): Promise<MlflowServer> {
  const { version: major, store = "sqlite", auth = false, artifacts = true } = options;
  const bin = join(await environment(major), "bin");
  const data = mkdtempSync(join(tmpdir(), `mlstack-mlflow${major}-`));
  const server = await onFreePort((port) => startServer({
    name: `mlflow${major}`, command: join(bin, "mlflow"), cwd: data, ready: `http://127.0.0.1:${port}/health`, readyTimeoutMs: 150_000,
    args: [
      "server", "--host", "127.0.0.1", "--port", String(port), "--workers", "1",
      ...(artifacts ? ["--serve-artifacts", "--artifacts-destination", join(data, "artifacts")] : ["--no-serve-artifacts", "--default-artifact-root", join(data, "artifacts")]),
      "--backend-store-uri", store === "sqlite" ? `sqlite:///${join(data, "mlflow.db")}` : join(data, "mlruns"), ...(auth ? ["--app-name", "basic-auth"] : []),
    ],
    env: {
      PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}`,
      MLFLOW_DISABLE_TELEMETRY: "true", MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false", MLFLOW_ALLOW_FILE_STORE: "true",
      ...(auth && { MLFLOW_FLASK_SERVER_SECRET_KEY: "for tests only", MLFLOW_AUTH_ADMIN_PASSWORD: PASSWORDS[major] }),
      PYTHONDONTWRITEBYTECODE: undefined, // the second start takes a third of the time of the first
    },
  }));
  return {
    url: server.url, version: VERSIONS[major][0], env: auth ? { MLFLOW_TRACKING_USERNAME: "admin", MLFLOW_TRACKING_PASSWORD: PASSWORDS[major] } : {}, log: server.log,
    async stop() {
      await server.stop();
      rmSync(data, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
