import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { tempDirectory } from '../support/temp.ts';
import type { MemoryReport } from './support/large-stream.ts';
import { filesBelow, MIB } from './support/stores.ts';

const run = promisify(execFile);
/** Set to 2147483648 to see 2 GB pass; that takes half a minute on a slow disk. */
const BYTES = Number(process.env.PROOFGATE_TEST_LAYER_BYTES ?? 512 * MIB);
const TIMEOUT_MS = 120_000;

test(
  'a layer passes through with flat memory, once for two who ask',
  async () => {
    using temp = tempDirectory();
    const program = join(import.meta.dirname, 'support/large-stream.ts');
    const { stdout } = await run(process.execPath, [program, join(temp.path, 'cache'), `${BYTES}`]);
    const report = JSON.parse(stdout) as MemoryReport;
    expect(report).toMatchObject({ transfers: 1, readBytes: [BYTES, BYTES], warnings: [] });
    expect(report.grownBytes).toBeLessThan(100 * MIB);
    const files = filesBelow(temp.path);
    expect(files.map((file) => statSync(file).size)).toEqual([BYTES]);
  },
  TIMEOUT_MS,
);
