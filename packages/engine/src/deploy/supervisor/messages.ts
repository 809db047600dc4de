/** What a supervisor tells who started it, once. */
export type FromSupervisor =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "failed"; /** Of the system, such as EADDRINUSE. */ readonly code: string; readonly message: string };

/** What a supervisor is told once the deployment's record names it: from then on it outlives who started it. Before, nobody else could find it. */
export interface ToSupervisor { readonly kind: "recorded" }
