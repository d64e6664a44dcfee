// Names of files that are still being written, and when such a file belongs to nobody any more.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A writer that has written nothing for so long is gone, whatever its process id says: ids are used again. */
const ABANDONED_AFTER_MS = 60 * 60_000;

const NAME = /^(\d{1,10})-([0-9a-f]{8})-[0-9a-f]{16}$/;
const HERE = idSpace();

/** `<pid>-<where that pid means something>-<random>` */
export function temporaryName(): string {
  return `${process.pid}-${HERE}-${randomBytes(8).toString('hex')}`;
}

/**
 * Age alone decides about files of other hosts and containers, whose process ids say nothing here; where they do, a file
 * goes with its process. Taking one from a living writer would cost that writer its result, never anybody's soundness.
 */
export function isAbandoned(name: string, mtimeMs: number, nowMs: number): boolean {
  // A date in the future is a forged one or a broken clock's, and would never grow old.
  if (Math.abs(nowMs - mtimeMs) > ABANDONED_AFTER_MS) return true;
  const [, pid, space] = NAME.exec(name) ?? [];
  return space === HERE && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Anything else (EPERM) says that there is one.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Within what process ids are unique: this boot of this host, and on Linux its namespace (a container has its own). */
function idSpace(): string {
  return createHash('sha256').update(idSpaceName()).digest('hex').slice(0, 8);
}

function idSpaceName(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return boot + readlinkSync('/proc/self/ns/pid');
  } catch {
    return hostname();
  }
}
