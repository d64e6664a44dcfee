// How much memory this process may use: the machine's, or less where a control group of Linux says so.
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** The machine as its files show it; tests bring a folder of their own. */
export interface MachineFiles {
  /** What lies below `/`: `proc/self/cgroup`, `sys/fs/cgroup/…`. */
  readonly root: string;
  /** Bytes; `os.totalmem()`. */
  readonly totalBytes: number;
}

interface Hierarchy {
  readonly mount: string;
  readonly file: string;
  /** Of this process in the hierarchy, from `/`. */
  readonly path: string;
}

/**
 * Bytes, the smallest of all limits. What cannot be read is no limit: outside of Linux there are no such files, and
 * in a container the path of a version 1 group names a folder that only its host sees.
 */
export function readMemoryLimit({ root, totalBytes }: MachineFiles): number {
  const limits = hierarchies(readText(posix.join(root, 'proc/self/cgroup')) ?? '').flatMap(
    ({ mount, file, path }) =>
      ancestors(path).flatMap((group) => readLimit(posix.join(root, mount, group, file)) ?? []),
  );
  return Math.min(totalBytes, ...limits);
}

/** Of cgroups(7): `0::/path` is version 2, `7:cpu,memory:/path` version 1. */
function hierarchies(text: string): Hierarchy[] {
  return text.split('\n').flatMap((line): Hierarchy[] => {
    const [, id, controllers = '', path = ''] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (id === '0' && controllers === '') return [{ mount: 'sys/fs/cgroup', file: 'memory.max', path }];
    return controllers.split(',').includes('memory')
      ? [{ mount: 'sys/fs/cgroup/memory', file: 'memory.limit_in_bytes', path }]
      : [];
  });
}

/** A group is bound by the limits of all groups around it, too. */
function ancestors(path: string): string[] {
  const parent = posix.dirname(path);
  return parent === path ? [path] : [path, ...ancestors(parent)];
}

/** Undefined for `max`, too; version 1 says it with a number that no machine has. */
function readLimit(path: string): number | undefined {
  const text = readText(path)?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
