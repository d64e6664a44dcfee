// The real @actions/cache, tar and zstd, against a cache service on loopback.
import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CacheService, startCacheService } from '../support/cache-service.ts';
import { tempDirectory } from '../support/temp.ts';
import { IDENTITY, pathWith, saveOnce, startJob } from './support/runner.ts';

let service: CacheService;

beforeEach(async () => {
  service = await startCacheService();
});

afterEach(() => service[Symbol.asyncDispose]());

describe('GitHub’s cache', () => {
  it('is empty at first; what one job saves is what the next one has, byte for byte', async () => {
    const content = randomBytes(100_000).toString('base64');
    using first = startJob(service);
    expect(await first.cache.restore()).toEqual({ hit: 'none', usable: true });
    first.write('v1/blobs/sha256/ab/cd', content);
    await first.cache.save(['cd']);

    using second = startJob(service);
    expect(await second.cache.restore()).toEqual({ hit: 'full', usable: true });
    expect(second.read('v1/blobs/sha256/ab/cd')).toBe(content);
    expect([...first.warnings, ...second.warnings]).toEqual([]);
  });

  it('leaves nothing but the proofs in the folder of the job', async () => {
    await saveOnce(service);
    using job = startJob(service);
    await job.cache.restore();
    await job.cache.save(['other']);
    expect(readdirSync(dirname(job.cache.directory))).toEqual(['proofs']);
  });

  it('has the archive of another release of the family as a partial hit', async () => {
    await saveOnce(service, 'kept');
    using next = startJob(service, { identity: { ...IDENTITY, release: ['registry.test/new@sha256:2'] } });
    expect(await next.cache.restore()).toMatchObject({ hit: 'partial' });
    expect(next.read('blobs/a')).toBe('kept');
  });

  it('does not have the archive of another family', async () => {
    await saveOnce(service);
    using other = startJob(service, { identity: { ...IDENTITY, family: ['other.test'] } });
    expect(await other.cache.restore()).toMatchObject({ hit: 'none' });
  });

  it('has the newest of one release, and prefers it to a newer one of another', async () => {
    await saveOnce(service, 'old');
    await saveOnce(service, 'new');
    using foreign = startJob(service, { identity: { ...IDENTITY, release: ['x'] } });
    foreign.write('blobs/a', 'foreign');
    await foreign.cache.save(['foreign']);
    using job = startJob(service);
    await job.cache.restore();
    expect(job.read('blobs/a')).toBe('new');
  });

  it('does not show what another branch has saved; the default branch’s is there for all', async () => {
    service.scopes = ['refs/pull/1/merge', 'refs/heads/main'];
    await saveOnce(service, 'of a pull request');
    service.scopes = ['refs/heads/main'];
    using main = startJob(service);
    expect(await main.cache.restore()).toMatchObject({ hit: 'none' });
    main.write('blobs/a', 'of main');
    await main.cache.save(['of main']);
    service.scopes = ['refs/pull/2/merge', 'refs/heads/main'];
    using sibling = startJob(service);
    expect(await sibling.cache.restore()).toMatchObject({ hit: 'full' });
    expect(sibling.read('blobs/a')).toBe('of main');
  });

  it('a key that is there already is not replaced, and nobody is told', async () => {
    await saveOnce(service, 'same');
    const before = service.entries[0]?.body;
    using job = startJob(service);
    job.write('blobs/a', 'different');
    await job.cache.save(['same']);
    expect(service.entries).toHaveLength(1);
    expect(service.entries[0]?.body).toBe(before);
    expect(job.warnings).toEqual([]);
  });

  it.each([
    ['none', []],
    ['read', ['GetCacheEntryDownloadURL']],
    ['write-only', ['CreateCacheEntry', 'PUT', 'FinalizeCacheEntryUpload']],
  ])('cache-mode %s is kept to without a word', async (mode, expected) => {
    using job = startJob(service, { environment: { ACTIONS_CACHE_MODE: mode } });
    await job.cache.restore();
    job.write('blobs/a', 'x');
    await job.cache.save(['x']);
    expect(service.log.map((line) => line.split(' ')[0])).toEqual(expected);
    expect(job.warnings).toEqual([]);
  });

  it('cache-mode none does not even start a process', async () => {
    using job = startJob(service, {
      environment: { ACTIONS_CACHE_MODE: ' None ' },
      program: '/nonexistent/index.js',
    });
    expect(await job.cache.restore()).toEqual({ hit: 'none', usable: true });
    await job.cache.save(['x']);
    expect(job.warnings).toEqual([]);
  });

  it('without zstd works with gzip, as an archive of its own', async () => {
    using temp = tempDirectory();
    const PATH = pathWith(temp, ['sh', 'tar', 'gzip']);
    await saveOnce(service);
    using cold = startJob(service, { environment: { PATH } });
    expect(await cold.cache.restore()).toEqual({ hit: 'none', usable: true });
    cold.write('blobs/a', 'gzip');
    await cold.cache.save(['proof']);
    using warm = startJob(service, { environment: { PATH } });
    expect(await warm.cache.restore()).toMatchObject({ hit: 'full' });
    expect(warm.read('blobs/a')).toBe('gzip');
    expect([...cold.warnings, ...warm.warnings]).toEqual([]);
  });

  it('large archives go in blocks', { timeout: 60_000 }, async () => {
    using job = startJob(service);
    const content = randomBytes(135_000_000);
    job.write('blobs/large', content);
    await job.cache.save(['large']);
    expect(service.log.filter((line) => line === 'PUT blob?comp=block').length).toBeGreaterThan(1);
    using next = startJob(service);
    expect(await next.cache.restore()).toMatchObject({ hit: 'full' });
    expect(readFileSync(join(next.cache.directory, 'blobs/large')).equals(content)).toBe(true);
  });

  it('gives the child neither the inputs nor the tokens of others', async () => {
    using temp = tempDirectory();
    const seen = join(temp.path, 'seen');
    const folder = pathWith(temp, ['sh', 'gzip', 'env', 'zstd', 'unzstd', 'zstdmt']);
    temp.write('bin/tar', `#!/bin/sh\nenv > ${seen}\nexec /usr/bin/tar "$@"\n`);
    const secrets = { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'id', GITHUB_TOKEN: 'gh', 'INPUT_PUBLIC-KEY': 'k' };
    chmodSync(join(folder, 'tar'), 0o755);
    using job = startJob(service, { environment: { PATH: folder, ...secrets } });
    job.write('blobs/a', 'x');
    await job.cache.save(['x']);
    expect(service.entries[0]?.isReady).toBe(true);
    expect(readFileSync(seen, 'utf8')).not.toMatch(
      /ACTIONS_ID_TOKEN|GITHUB_TOKEN|INPUT_|ACTIONS_RUNTIME_TOKEN/,
    );
  });
});
