import { mkdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMemoryLimit } from '../../../src/policy/wasm/machine-memory.ts';
import { PROCESS_BYTES, readMachine, sizesFor, THREAD_BYTES } from '../../../src/policy/wasm/sizing.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

describe('readMemoryLimit', () => {
  let temp: TempDirectory;
  beforeEach(() => {
    temp = tempDirectory();
  });
  afterEach(() => temp.remove());

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(temp.path, path)), { recursive: true });
    temp.write(path, text);
  };
  const limit = () => readMemoryLimit({ root: temp.path, totalBytes: 16 * GIB });

  it('is the machine’s memory where there are no control groups', () => {
    expect(limit()).toBe(16 * GIB);
  });

  it('is that of a container’s group (version 2), which sees itself as the root', () => {
    write('proc/self/cgroup', '0::/\n');
    write('sys/fs/cgroup/memory.max', '536870912\n');
    expect(limit()).toBe(GIB / 2);
  });

  it('is that of a group around the process’s own, where that is smaller', () => {
    write('proc/self/cgroup', '0::/kubepods/pod1/c1\n');
    write('sys/fs/cgroup/kubepods/pod1/c1/memory.max', 'max\n');
    write('sys/fs/cgroup/kubepods/pod1/memory.max', `${GIB}\n`);
    write('sys/fs/cgroup/kubepods/memory.max', `${8 * GIB}\n`);
    expect(limit()).toBe(GIB);
  });

  it('reads version 1, whatever else is mounted with it', () => {
    write('proc/self/cgroup', '9:name=systemd:/\n4:cpu,memory:/jobs/7\n0::/\n');
    write('sys/fs/cgroup/memory/jobs/7/memory.limit_in_bytes', `${2 * GIB}\n`);
    write('sys/fs/cgroup/memory/memory.limit_in_bytes', '9223372036854771712\n');
    expect(limit()).toBe(2 * GIB);
  });

  it('falls back to the root of version 1 when the path is the host’s', () => {
    write('proc/self/cgroup', '4:memory:/docker/0123\n');
    write('sys/fs/cgroup/memory/memory.limit_in_bytes', `${3 * GIB}\n`);
    expect(limit()).toBe(3 * GIB);
  });

  it.each(['max', '', 'many', '-1', '1e3'])('takes %j for no limit', (text) => {
    write('proc/self/cgroup', '0::/\n');
    write('sys/fs/cgroup/memory.max', text);
    expect(limit()).toBe(16 * GIB);
  });

  it('is not led astray by a file that is none of its own', () => {
    write('proc/self/cgroup', 'nonsense\n0:/\n::\n5:memory\n');
    expect(limit()).toBe(16 * GIB);
  });
});

describe('sizesFor', () => {
  const fits = (threads: number) => PROCESS_BYTES + threads * THREAD_BYTES;

  it('is bound by the cores, and by the memory', () => {
    expect(sizesFor({ cores: 4, memoryBytes: 64 * GIB }).threads).toBe(4);
    expect(sizesFor({ cores: 16, memoryBytes: fits(3) }).threads).toBe(3);
    expect(sizesFor({ cores: 16, memoryBytes: fits(3) - 1 }).threads).toBe(2);
  });

  it('is one thread, however small the machine', () => {
    expect(sizesFor({ cores: 1, memoryBytes: fits(8) }).threads).toBe(1);
    expect(sizesFor({ cores: 8, memoryBytes: 1 }).threads).toBe(1);
  });

  it('is what the user wants', () => {
    expect(sizesFor({ cores: 8, memoryBytes: 64 * GIB }, 2).threads).toBe(2);
    expect(sizesFor({ cores: 1, memoryBytes: fits(1) }, 5).threads).toBe(5);
  });

  it.each([
    [4, 2],
    [2, 1],
    [16, 4],
    [16, 16],
  ])('never promises more memory than there is: %i cores, %i GiB', (cores, gib) => {
    const { threads, memoryBytes } = sizesFor({ cores, memoryBytes: gib * GIB });
    expect(memoryBytes).toBeGreaterThanOrEqual(THREAD_BYTES);
    expect(PROCESS_BYTES + threads * memoryBytes).toBeLessThanOrEqual(gib * GIB);
  });

  it('gives a thread what it needs to begin with, and not all of a large machine', () => {
    expect(sizesFor({ cores: 1, memoryBytes: 256 * MIB }).memoryBytes).toBe(160 * MIB);
    expect(sizesFor({ cores: 1, memoryBytes: 64 * GIB }).memoryBytes).toBe(GIB);
  });

  it('knows this machine', () => {
    const machine = readMachine();
    expect(machine.cores).toBe(availableParallelism());
    expect(machine.memoryBytes).toBeGreaterThan(64 * MIB);
    expect(machine.memoryBytes).toBeLessThanOrEqual(totalmem());
  });
});
