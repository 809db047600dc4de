/**
 * Why no plugin was made. The codes are among those of mlstack, which this package does not depend on: MLS8721 for what is not said, or can't be understood;
 * MLS8722 for a name that can't be used; MLS8723 for a folder that has something in it.
 */
export class CreateError extends Error {
  readonly code: "MLS8721" | "MLS8722" | "MLS8723";
  readonly why: string | undefined;
  /** What mends it. */
  readonly fix: string;

  constructor(code: CreateError["code"], message: string, { why, fix }: { readonly why?: string | undefined; readonly fix: string }) {
    super(message);
    this.name = "CreateError";
    this.code = code;
    this.why = why;
    this.fix = fix;
  }
}
