/** What a supervisor tells who started it, once. */
export type FromSupervisor =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "failed"; /** Of the system, such as EADDRINUSE. */ readonly code: string; readonly message: string };
