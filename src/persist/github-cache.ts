// The program that talks to GitHub's cache service, through the toolkit. It runs as a process of its own, so
// that a call that hangs can be ended, with its tar, and what the toolkit prints can be read. See transfer.ts.
import { isFeatureAvailable, restoreCache, saveCache } from '@actions/cache';
import { z } from 'zod';
import { toReason } from './persistence.ts';
import { removeForeignFiles } from './restored-files.ts';
import type { TransferAnswer } from './transfer.ts';

const Order = z.strictObject({
  operation: z.enum(['restore', 'save']),
  /** Relative to the working directory, and constant: the service compares it as text. */
  path: z.string(),
  key: z.string(),
  restoreKeys: z.array(z.string()),
});

async function carryOut(text: string | undefined): Promise<TransferAnswer> {
  const { operation, path, key, restoreKeys } = Order.parse(JSON.parse(text ?? ''));
  if (!isFeatureAvailable()) throw new Error('this runner offers no cache service');
  if (operation === 'save') {
    const id = await saveCache([path], key);
    return id === -1 ? {} : { key };
  }
  const matched = await restoreCache([path], key, restoreKeys);
  if (matched === undefined) return {};
  await removeForeignFiles(path);
  return { key: matched };
}

function answer(message: TransferAnswer): void {
  // After what was printed has left: the parent reads that too.
  process.stdout.write('', () => process.send?.(message));
}

// Nobody waits any more: the tar of this process goes with it.
process.once('disconnect', () =>
  process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL'),
);
carryOut(process.argv[2]).then(answer, (error: unknown) => answer({ error: toReason(error) }));
