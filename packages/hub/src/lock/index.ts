export { LOCK_FILE, lockText, overridesIn, parseLock, readLock, writeLock, type Lock, type LockedPlugin, type LockSource, type LockTrust } from "./lock.ts";
export { grantedBy, manifestFacts, permissionsBeyond, type Granted, type ManifestFacts } from "./manifest-facts.ts";
export { lockEntry } from "./lock-entry.ts";
