import type { Http } from "./http.ts";
import { filesAnswer, nothing, type ArtifactFile } from "./wire.ts";

interface Options { readonly signal?: AbortSignal | undefined }

/** Files by way of the server (`mlflow server --serve-artifacts`), so that no credentials of its bucket are needed here. */
export interface ArtifactCalls {
  /**
   * Writes a file, whole, over one that is there. Repeatable.
   *
   * @param path below the server's root for artifacts; see {@link proxyPath}
   */
  putArtifact(path: string, body: { readonly size: number; open(): AsyncIterable<Uint8Array> }, options?: Options): Promise<void>;
  getArtifact(path: string, options?: Options): Promise<Uint8Array>;
  /** Files and folders of a folder; "" for the root. @throws MLS6003 when the server does not serve artifacts */
  listArtifacts(path: string, options?: Options): Promise<readonly ArtifactFile[]>;
}

const API = "/api/2.0/mlflow-artifacts/artifacts";

export function artifactCalls(http: Http): ArtifactCalls {
  const urlOf = (path: string): string => `${API}/${path.split("/").map(encodeURIComponent).join("/")}`;
  return {
    async putArtifact(path, body, options) {
      await http.json({ method: "PUT", path: urlOf(path), body, operation: `uploading ${path}`, repeatable: true, signal: options?.signal }, nothing);
    },
    getArtifact: (path, options) => http.bytes({ method: "GET", path: urlOf(path), operation: `downloading ${path}`, repeatable: true, signal: options?.signal }),
    listArtifacts: async (path, options) =>
      (await http.json({ method: "GET", path: API, query: { path: path === "" ? undefined : path }, operation: "listing artifacts", repeatable: true, signal: options?.signal }, filesAnswer)).files,
  };
}

/**
 * Where the files of a run lie below the proxy's root, from the run's `artifact_uri`, such as `mlflow-artifacts:/1/<run>/artifacts`.
 *
 * @returns undefined when the run's files are not served by the server
 */
export function proxyPath(artifactUri: string): string | undefined {
  const match = /^mlflow-artifacts:(?:\/\/[^/]*)?\/*(.*)$/.exec(artifactUri);
  return match?.[1] === undefined || match[1] === "" ? undefined : match[1].replace(/\/+$/, "");
}
