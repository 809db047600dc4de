// One install at a time per folder, however many terminals ask for it. Imports nothing but Node and runs on any Node from 20.
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";

const POLL_MS = 300;
/** Longer than any install takes; covers a lock whose process id has been given to another program. */
const ABANDONED_MS = 15 * 60_000;

/**
 * @param {unknown} error
 * @param {string} code
 */
function hasCode(error, code) {
  return error instanceof Error && "code" in error && error.code === code;
}

/** @param {number} milliseconds */
function sleep(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** @param {string} path */
function readOwner(path) {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM"); // it runs, as another user
  }
}

/**
 * Creates `lock` with `mine`'s content in one step, so that no reader ever sees a lock without an owner.
 * @param {string} mine
 * @param {string} lock
 */
function tryLink(mine, lock) {
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

/** @param {string} lock */
function removeIfAbandoned(lock) {
  const owner = readOwner(lock);
  if (owner === undefined) return;
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (isAlive(owner) && age < ABANDONED_MS) return;
  const taken = `${lock}.${process.pid}.old`;
  try {
    renameSync(lock, taken); // of several waiters, one succeeds
  } catch {
    return;
  }
  // Another waiter may have replaced the lock between the two steps: then it goes back.
  if (readOwner(taken) !== owner) tryLink(taken, lock);
  rmSync(taken, { force: true });
}

/**
 * Runs `work` while holding `lock`; waits for another process that holds it.
 * @param {string} lock
 * @param {() => void} onWait
 * @param {() => void} work
 */
export function withLock(lock, onWait, work) {
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    for (let told = false; !tryLink(mine, lock); sleep(POLL_MS)) {
      if (!told) onWait();
      told = true;
      removeIfAbandoned(lock);
    }
    try {
      work();
    } finally {
      rmSync(lock, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}
