export * from "./catalog/index.ts";
export * from "./digest/index.ts";
export * from "./files/index.ts";
export * from "./lock/index.ts";
export * from "./registry/index.ts";
export * from "./resolve/index.ts";
export * from "./tarball/index.ts";
export * from "./verify/index.ts";
