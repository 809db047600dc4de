// The parts that are used of npm's own libraries, which have no types. @types/* describe older majors of them.
declare module "npm-package-arg" {
  interface Result { readonly type: string; readonly name: string | null | undefined; readonly fetchSpec: string | null; readonly rawSpec: string }
  export default function npa(spec: string, where?: string): Result;
}
declare module "npm-registry-fetch" {
  interface Answer {
    readonly status: number;
    readonly headers: { get(name: string): string | null };
    buffer(): Promise<Buffer>;
  }
  interface Fetch {
    (uri: string, options: Readonly<Record<string, unknown>>): Promise<Answer>;
    pickRegistry(spec: string, options: Readonly<Record<string, unknown>>): string;
    getAuth(uri: string, options: Readonly<Record<string, unknown>>): { readonly token: string | null; readonly auth: string | null; readonly cert: string | null };
  }
  const fetch: Fetch;
  export default fetch;
}
declare module "@npmcli/config" {
  export default class Config {
    constructor(options: Readonly<Record<string, unknown>>);
    load(): Promise<void>;
    find(key: string): string | null;
    get(key: string): unknown;
    readonly flat: Readonly<Record<string, unknown>>;
  }
}
declare module "@npmcli/config/lib/definitions/index.js" {
  const all: { readonly definitions: unknown; readonly shorthands: unknown; readonly flatten: unknown; readonly nerfDarts: unknown };
  export default all;
}
