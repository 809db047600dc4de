export { canonicalJson, isDigest, sha256, type Digest } from "./digest.ts";
export { integrityOf, integrityProblem } from "./integrity.ts";
