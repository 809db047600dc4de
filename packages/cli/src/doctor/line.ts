/** One thing that the doctor has looked at. */
export interface DoctorLine {
  /** Such as `node`, `state folder`: stable, for tools. */
  readonly name: string;
  readonly status: "ok" | "warning" | "error";
  /** What was found. */
  readonly message: string;
  /** What mends it, where it is not ok. */
  readonly fix?: string | undefined;
}

export const ok = (name: string, message: string): DoctorLine => ({ name, status: "ok", message });
export const warning = (name: string, message: string, fix: string): DoctorLine => ({ name, status: "warning", message, fix });
export const error = (name: string, message: string, fix: string): DoctorLine => ({ name, status: "error", message, fix });

/** What is looked at, and where. */
export interface Patient {
  /** The project's root. */
  readonly dir: string;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}
