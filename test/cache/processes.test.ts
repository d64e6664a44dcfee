// The command as several processes on one cache directory: killed, without room, without the right to write.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fillUp, secondPath, smallDisk, turnReadOnly } from '../store/support/mounts.ts';
import { Dice, filesBelow, HOUR_MS } from '../store/support/stores.ts';
import { runEntry } from '../support/entry.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import { type Gate, openGate } from '../validate/support/gate.ts';

const COMMAND = 'dist/cli/index.js';
const WATCH = join(import.meta.dirname, 'support', 'watch-sockets.mjs');

let gate: Gate;
let temp: TempDirectory;
let cache: string;
let trust: string[];
let images: string[];

beforeEach(async () => {
  gate = await openGate();
  temp = tempDirectory();
  cache = join(temp.path, 'cache');
  mkdirSync(cache);
  images = await Promise.all(
    Array.from({ length: 12 }, (_, at) =>
      gate.push(`app-${at}`, { layout: at % 2 === 0 ? 'bundle' : 'legacy' }),
    ),
  );
  trust = [
    ...['--public-key', temp.write('cosign.pub', gate.key.publicPem)],
    ...['--trusted-root', temp.write('trusted_root.json', gate.sigstore.trustedRootJson)],
  ];
});
afterEach(async () => {
  await gate.close();
  temp.remove();
});

const verify = (directory: string, ...more: string[]) =>
  runEntry(COMMAND, ['verify', ...images, ...trust, '--cache-dir', directory, ...more]);

/** Ends in the middle, at a moment that differs from run to run of the loop and not from test to test. */
async function verifyAndKill(directory: string, afterMs: number): Promise<void> {
  const parameters = [COMMAND, 'verify', ...images, ...trust, '--cache-dir', directory];
  const child: ChildProcess = spawn(process.execPath, parameters, { stdio: 'ignore' });
  const killer = setTimeout(() => child.kill('SIGKILL'), afterMs);
  await once(child, 'close');
  clearTimeout(killer);
}

describe('several processes on one directory', () => {
  it('survivors of kill -9 have the verdict of a cold run, and leave what a warm one needs', {
    timeout: 120_000,
  }, async () => {
    const dice = new Dice(7);
    for (let round = 0; round < 2; round += 1) {
      const killed = Array.from({ length: 3 }, () => verifyAndKill(cache, 150 + dice.roll(500)));
      const survivors = Array.from({ length: 5 }, () => verify(cache));
      for (const { code } of await Promise.all(survivors)) expect(code).toBe(0);
      await Promise.all(killed);
    }
    gate.registry.clearLog();
    expect((await verify(cache)).code).toBe(0);
    expect(gate.registry.requests).toEqual([]);
    expect((await runEntry(COMMAND, ['cache', 'verify', '--cache-dir', cache])).code).toBe(0);
  });

  it('temporary files of the dead are cleaned up later', { timeout: 60_000 }, async () => {
    await verify(cache);
    const left = join(cache, 'v1', 'tmp', 'left-behind');
    temp.write('cache/v1/tmp/left-behind', 'half a blob');
    const longAgo = (Date.now() - 2 * HOUR_MS) / 1000;
    utimesSync(left, longAgo, longAgo);
    await verify(cache);
    expect(filesBelow(join(cache, 'v1', 'tmp'))).toEqual([]);
  });

  it('a full disk is a warning, and the verdict stands', { timeout: 60_000 }, async () => {
    using disk = smallDisk(join(temp.path, 'small'), 256 * 1024);
    fillUp(disk);
    const { code, stdout } = await verify(disk.path);
    expect(code).toBe(0);
    expect(stdout).toContain('cache.unavailable');
  });

  it('a directory turned read-only is no cache, and the verdict stands', { timeout: 60_000 }, async () => {
    using mounted = secondPath(cache, join(temp.path, 'read-only'));
    turnReadOnly(mounted);
    const [{ code, stdout }, other] = await Promise.all([verify(mounted.path), verify(cache)]);
    expect([code, other.code]).toEqual([0, 0]);
    expect(stdout).toContain('cache.unavailable');
  });
});

describe('offline', () => {
  const watched = (directory: string) =>
    runEntry(COMMAND, ['verify', ...images, ...trust, '--cache-dir', directory, '--offline'], {
      environment: { NODE_OPTIONS: `--import=${WATCH}` },
    });

  it('opens no socket and asks for no name, warm or cold', { timeout: 60_000 }, async () => {
    const cold = await watched(cache);
    expect([cold.code, cold.stderr.includes('SOCKET')]).toEqual([3, false]);
    await verify(cache);
    const warm = await watched(cache);
    expect([warm.code, warm.stderr.includes('SOCKET')]).toEqual([0, false]);
  });

  it('is watched by something that would see a socket', async () => {
    const online = await runEntry(COMMAND, ['verify', ...images, ...trust, '--cache', 'false'], {
      environment: { NODE_OPTIONS: `--import=${WATCH}` },
    });
    expect(online.stderr).toContain('SOCKET');
  });
});
