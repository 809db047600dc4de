/** What a result of native code may depend on. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
  /** Null where there is only one C library. */
  readonly libc: "glibc" | "musl" | null;
}

let known: Platform | undefined;

/** The platform of this process. It cannot change, so it is looked up once. */
export function platformOf(): Platform {
  known ??= { os: process.platform, arch: process.arch, libc: process.platform === "linux" ? libcOf() : null };
  return known;
}

/** Such as `node/24`: releases of one major are taken to compute the same. */
export function runtimeOf(): string {
  return `node/${process.versions.node.split(".")[0]}`;
}

/** The part of `process.report` that is used; its types lack the switch. */
interface Report {
  excludeNetwork: boolean;
  getReport(): { readonly header?: { readonly glibcVersionRuntime?: string } };
}

/** Node's own report names the glibc it runs on. With the network left in it, it may wait for name servers. */
function libcOf(): "glibc" | "musl" {
  const report = process.report as unknown as Report;
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  try {
    return report.getReport().header?.glibcVersionRuntime === undefined ? "musl" : "glibc";
  } finally {
    report.excludeNetwork = before;
  }
}
