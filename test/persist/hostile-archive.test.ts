// An archive is extracted before anybody can look at it: what whoever wrote it can do then.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeForeignFiles } from '../../src/persist/restored-files.ts';
import { type CacheService, startCacheService } from '../support/cache-service.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import { archive, type Member } from './support/archive.ts';
import { saveOnce, startJob } from './support/runner.ts';

const GOOD: Member = { name: 'proofs/blobs/a', content: 'good' };

let service: CacheService;
let outside: TempDirectory;

beforeEach(async () => {
  service = await startCacheService();
  outside = tempDirectory();
  outside.write('victim', 'untouched');
});

afterEach(async () => {
  await service[Symbol.asyncDispose]();
  outside.remove();
});

async function restoreOf(members: readonly Member[]) {
  await saveOnce(service);
  for (const entry of service.entries) entry.body = archive(members);
  const job = startJob(service);
  return { job, restored: await job.cache.restore() };
}

function expectOutsideUntouched(): void {
  expect(readdirSync(outside.path)).toEqual(['victim']);
  expect(readFileSync(join(outside.path, 'victim'), 'utf8')).toBe('untouched');
}

describe('an archive', () => {
  it('that is honest is extracted', async () => {
    const { job, restored } = await restoreOf([GOOD]);
    using _ = job;
    expect(restored).toEqual({ hit: 'full', usable: true });
    expect(job.read('blobs/a')).toBe('good');
  });

  it.each<[string, (folder: string) => Member[]]>([
    ['an absolute name', (folder) => [{ name: join(folder, 'victim'), content: 'evil' }]],
    ['an absolute name that is new', (folder) => [{ name: join(folder, 'new'), content: 'evil' }]],
    [
      'a name that climbs out',
      (folder) => [{ name: `proofs/${'../'.repeat(20)}${folder.slice(1)}/new`, content: 'evil' }],
    ],
    [
      'a link that is written through',
      (folder) => [
        { name: 'proofs/link', type: '2', link: folder },
        { name: 'proofs/link/new', content: 'evil' },
      ],
    ],
    [
      'a link to a file, written again',
      (folder) => [
        { name: 'proofs/file', type: '2', link: join(folder, 'victim') },
        { name: 'proofs/file', content: 'evil' },
      ],
    ],
    [
      'the directory itself as a link',
      (folder) => [
        { name: 'proofs', type: '2', link: folder },
        { name: 'proofs/new', content: 'evil' },
      ],
    ],
    [
      'a hard link to a file outside, written again',
      (folder) => [
        { name: 'proofs/hard', type: '1', link: join(folder, 'victim') },
        { name: 'proofs/hard', content: 'evil' },
      ],
    ],
  ])('with %s changes nothing outside', async (_, members) => {
    const { job, restored } = await restoreOf([GOOD, ...members(outside.path)]);
    using __ = job;
    expectOutsideUntouched();
    expect(restored.usable).toBe(true);
    expect(readdirSync(job.temp.path)).toEqual(['proofgate-cache']);
    expect(readdirSync(join(job.temp.path, 'proofgate-cache'))).toEqual(['proofs']);
  });

  it('with files beside the proofs leaves none of them in the folder of the job', async () => {
    const { job } = await restoreOf([
      GOOD,
      { name: 'beside', content: 'evil' },
      { name: 'transfer-x/tar', content: 'evil' },
    ]);
    using _ = job;
    expect(readdirSync(join(job.temp.path, 'proofgate-cache'))).toEqual(['proofs']);
    expect(job.read('blobs/a')).toBe('good');
  });

  it('with links and pipes among the proofs leaves only files and folders, readable for us', async () => {
    const { job, restored } = await restoreOf([
      GOOD,
      { name: 'proofs/link', type: '2', link: outside.path },
      { name: 'proofs/pipe', type: '6' },
      { name: 'proofs/locked', type: '5', mode: 0 },
      { name: 'proofs/locked/b', content: 'b', mode: 0o4000 },
    ]);
    using _ = job;
    expect(restored.hit).toBe('full');
    expect(readdirSync(job.cache.directory).sort()).toEqual(['blobs', 'locked']);
    expect(job.read('locked/b')).toBe('b');
    const mode = (name: string) => statSync(join(job.cache.directory, name)).mode & 0o7777;
    expect([mode('locked'), mode('locked/b')]).toEqual([0o700, 0o600]);
    expectOutsideUntouched();
  });

  it('with a file in place of the directory is a cold run', async () => {
    const { job, restored } = await restoreOf([{ name: 'proofs', content: 'evil' }]);
    using _ = job;
    expect(restored).toEqual({ hit: 'none', usable: true });
    expect(job.warnings).toHaveLength(1);
  });

  it('that is deeper than a store is a cold run', async () => {
    const { job, restored } = await restoreOf([{ name: `proofs/${'d/'.repeat(30)}x`, content: 'evil' }]);
    using _ = job;
    expect(restored).toEqual({ hit: 'none', usable: true });
    expect(job.warnings).toEqual([expect.stringMatching(/levels deep/)]);
    expect(readdirSync(job.cache.directory)).toEqual([]);
  });
});

describe('what an archive left behind', () => {
  it('is refused when there is more than a store holds', async () => {
    using temp = tempDirectory();
    mkdirSync(join(temp.path, 'd'));
    for (const name of ['a', 'b', 'c']) writeFileSync(join(temp.path, 'd', name), '');
    await expect(removeForeignFiles(temp.path, 3)).rejects.toThrow(/more than 3 entries/);
    await removeForeignFiles(temp.path, 4);
    expect(readdirSync(join(temp.path, 'd'))).toHaveLength(3);
  });
});
