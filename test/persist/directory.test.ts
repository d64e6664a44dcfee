import { chmodSync, existsSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProofgateError } from '../../src/base/errors.ts';
import { DirectoryPersistence } from '../../src/persist/persistence.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

async function restore(directory: string, createIfMissing: boolean) {
  const warnings: ProofgateError[] = [];
  const warn = (warning: ProofgateError) => warnings.push(warning);
  const persistence = new DirectoryPersistence({ directory, createIfMissing, warn });
  const restored = await persistence.restore();
  await persistence.save();
  return { restored, codes: warnings.map(({ code }) => code), message: warnings[0]?.message };
}

const NO_CACHE = { restored: { hit: 'none', usable: false }, codes: ['CACHE_UNAVAILABLE'] };

describe('a directory', () => {
  it('is used as it is, and nothing of a probe is left in it', async () => {
    using temp = tempDirectory();
    temp.write('kept', 'x');
    const { restored, codes } = await restore(temp.path, false);
    expect([restored.usable, codes]).toEqual([true, []]);
    expect(readdirSync(temp.path)).toEqual(['kept']);
  });

  it('that is ours by convention is made, for this user alone', async () => {
    using temp = tempDirectory();
    const directory = join(temp.path, 'deep', 'proofgate');
    expect((await restore(directory, true)).restored.usable).toBe(true);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('is made once when many make it at the same time', async () => {
    using temp = tempDirectory();
    const directory = join(temp.path, 'a', 'b', 'c');
    const results = await Promise.all(Array.from({ length: 32 }, () => restore(directory, true)));
    expect(results.flatMap(({ codes }) => codes)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('that the user names and is missing is no cache, said once, and is not made', async () => {
    using temp = tempDirectory();
    const directory = join(temp.path, 'missing');
    const result = await restore(directory, false);
    expect(result).toMatchObject(NO_CACHE);
    expect(result.message).toContain(directory);
    expect(existsSync(directory)).toBe(false);
  });

  it.each<[string, (temp: TempDirectory) => void]>([
    ['a file', (temp) => temp.write('cache', '')],
    ['a link to nowhere', (temp) => symlinkSync('/nonexistent/cache', join(temp.path, 'cache'))],
  ])('that is %s is no cache, said once', async (_, place) => {
    using temp = tempDirectory();
    place(temp);
    expect(await restore(join(temp.path, 'cache'), true)).toMatchObject(NO_CACHE);
  });

  // Nobody may write there, root included.
  it.runIf(process.platform === 'linux')('that may only be read is no cache, said once', async () => {
    expect(await restore('/proc', true)).toMatchObject(NO_CACHE);
  });

  it.runIf(process.platform === 'linux')(
    'that cannot be made, not even by root, is no cache, said once',
    async () => {
      expect(await restore('/proc/nowhere/proofgate', true)).toMatchObject(NO_CACHE);
    },
  );

  it.runIf(process.getuid?.() !== 0)('that has turned read-only is no cache, said once', async () => {
    using temp = tempDirectory();
    chmodSync(temp.path, 0o555);
    expect(await restore(temp.path, true)).toMatchObject(NO_CACHE);
    chmodSync(temp.path, 0o755);
  });
});
