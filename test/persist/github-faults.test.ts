// Whatever is wrong with the service, its archives or the tools: one warning, in bounded time, and a cold run.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CacheFault, type CacheService, startCacheService } from '../support/cache-service.ts';
import { tempDirectory } from '../support/temp.ts';
import { type Job, PROGRAM, pathWith, saveOnce, startJob } from './support/runner.ts';

/** Enough for a process to start and to ask, on a busy machine; the toolkit alone would wait for minutes. */
const DEADLINE_MS = 4000;
/** What may be added to a deadline: the time that ending a process takes. */
const SLACK_MS = 3000;
const COLD = { hit: 'none', usable: true };

function breakOn(service: CacheService, operation: RegExp, fault: CacheFault): void {
  service.fault = (seen) => (operation.test(seen) ? fault : undefined);
}

/** The whole life of a cache in a job; returns milliseconds. */
async function liveWith(job: Job): Promise<number> {
  const startMs = performance.now();
  expect(await job.cache.restore()).toEqual(COLD);
  job.write('blobs/a', 'new');
  await job.cache.save(['new']);
  return performance.now() - startMs;
}

describe.concurrent('restoring', () => {
  it.each<[string, RegExp, CacheFault, RegExp]>([
    ['a service that never answers', /^Get/, 'hang', /took too long/],
    ['an archive that never comes', /^GET blob/, 'hang', /took too long/],
    ['503, again and again', /^Get/, { status: 503 }, /took too long \(.*503/],
  ])('%s is one warning within the deadline, and its client is gone', async (_, operation, fault, reason) => {
    await using service = await startCacheService();
    await saveOnce(service);
    breakOn(service, operation, fault);
    using job = startJob(service, { restoreTimeoutMs: DEADLINE_MS });
    const gone = fault === 'hang' ? once(service.events, 'gone') : undefined;
    const tookMs = await liveWith(job);
    await gone;
    expect(tookMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
    expect(job.warnings).toEqual([expect.stringMatching(reason)]);
    // A service that has failed is not waited for a second time.
    expect(service.log.filter((line) => line.startsWith('Create'))).toHaveLength(1);
  });

  it.each<[string, RegExp, CacheFault, RegExp]>([
    ['429', /^Get/, { status: 429, headers: { 'retry-after': '60' } }, /429/],
    ['401', /^Get/, { status: 401, body: '{"code":"unauthenticated","msg":"expired"}' }, /401/],
    ['an archive that is gone', /^GET blob/, { status: 404 }, /404|restore/],
    ['an archive cut short', /^GET blob/, 'truncate', /restore/],
  ])('%s is one warning and a cold run', async (_, operation, fault, reason) => {
    await using service = await startCacheService();
    await saveOnce(service);
    breakOn(service, operation, fault);
    using job = startJob(service);
    expect(await job.cache.restore()).toEqual(COLD);
    expect(job.warnings).toEqual([expect.stringMatching(reason)]);
    expect(readdirSync(job.cache.directory)).toEqual([]);
  });

  it('a service that is not there is one warning for the whole run, at once', async () => {
    await using service = await startCacheService();
    using job = startJob(service, { environment: { ACTIONS_RESULTS_URL: 'http://127.0.0.1:1/' } });
    expect(await liveWith(job)).toBeLessThan(10_000);
    expect(job.warnings).toEqual([expect.stringMatching(/^CACHE_UNAVAILABLE: .*ECONNREFUSED/)]);
  });

  it.each([
    { ACTIONS_RUNTIME_TOKEN: '' },
    { ACTIONS_RESULTS_URL: '' },
    // What a container action gets: the toolkit falls back to a protocol that nobody offers.
    { ACTIONS_CACHE_SERVICE_V2: '' },
  ])('a runner without a service (%j) is one warning, and nothing is asked', async (environment) => {
    await using service = await startCacheService();
    using job = startJob(service, { environment });
    expect(await liveWith(job)).toBeLessThan(10_000);
    expect(job.warnings).toEqual([expect.stringMatching(/offers no cache service/)]);
    expect(service.log).toEqual([]);
  });

  it('that is denied is one warning, and does not forbid saving', async () => {
    await using service = await startCacheService();
    service.isReadable = false;
    using job = startJob(service);
    await liveWith(job);
    expect(job.warnings).toEqual([expect.stringMatching(/read denied/)]);
    expect(service.entries[0]?.isReady).toBe(true);
  });

  it.each<[string, (body: Buffer) => Buffer]>([
    ['garbage', () => Buffer.from('not an archive')],
    ['nothing', () => Buffer.alloc(0)],
    ['half', (body) => body.subarray(0, body.length / 2)],
  ])(
    'an archive that is %s is one warning, leaves nothing behind, and a better one is saved',
    async (_, spoil) => {
      await using service = await startCacheService();
      await saveOnce(service, 'x'.repeat(100_000));
      for (const entry of service.entries) entry.body = spoil(entry.body);
      using job = startJob(service);
      expect(await job.cache.restore()).toEqual(COLD);
      expect(readdirSync(job.cache.directory)).toEqual([]);
      expect(job.warnings).toHaveLength(1);
      job.write('blobs/a', 'better');
      await job.cache.save(['better']);
      using next = startJob(service);
      expect(await next.cache.restore()).toMatchObject({ hit: 'full' });
      expect(next.read('blobs/a')).toBe('better');
    },
  );

  it.each([
    ['tar', ['sh', 'zstd', 'unzstd', 'zstdmt']],
    ['unzstd', ['sh', 'tar', 'zstd', 'zstdmt']],
  ])('without %s is one warning', async (_, programs) => {
    await using service = await startCacheService();
    using temp = tempDirectory();
    await saveOnce(service);
    using job = startJob(service, { environment: { PATH: pathWith(temp, programs) } });
    expect(await job.cache.restore()).toEqual(COLD);
    await job.cache.save(['new']);
    expect(job.warnings).toEqual([expect.stringMatching(/^CACHE_UNAVAILABLE: .*tar/)]);
  });

  it('a folder that cannot be had is one warning, and no cache', async () => {
    await using service = await startCacheService();
    using job = startJob(service, { folder: '/proc/nowhere' });
    expect(await job.cache.restore()).toEqual({ hit: 'none', usable: false });
    expect(job.warnings).toHaveLength(1);
  });

  it('a program that is not there is one warning', async () => {
    await using service = await startCacheService();
    using job = startJob(service, { program: '/nonexistent/index.js' });
    await liveWith(job);
    expect(job.warnings).toEqual([expect.stringMatching(/Cannot find module/)]);
  });
});

describe.concurrent('saving', () => {
  it.each<[string, RegExp, CacheFault, RegExp]>([
    ['a service that never answers', /^Create/, 'hang', /took too long/],
    ['an upload that nobody takes', /^PUT blob/, 'hang', /took too long/],
    ['503, again and again', /^Create/, { status: 503 }, /took too long \(.*503/],
    ['429', /^Create/, { status: 429 }, /429/],
    ['an upload that is refused', /^PUT blob/, { status: 403 }, /save/],
    ['an upload that cannot be finalized', /^Finalize/, { status: 400 }, /save/],
  ])('%s is one warning within the deadline', async (_, operation, fault, reason) => {
    await using service = await startCacheService();
    breakOn(service, operation, fault);
    using job = startJob(service, { saveTimeoutMs: DEADLINE_MS });
    job.write('blobs/a', 'x');
    const startMs = performance.now();
    await job.cache.save(['x']);
    expect(performance.now() - startMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
    expect(job.warnings).toEqual([expect.stringMatching(reason)]);
    expect(service.entries.filter((entry) => entry.isReady)).toEqual([]);
  });

  it('with a token that may only read is one warning', async () => {
    await using service = await startCacheService();
    service.isWritable = false;
    using job = startJob(service);
    await liveWith(job);
    expect(job.warnings).toEqual([expect.stringMatching(/^CACHE_UNAVAILABLE: .*not saved.*write denied/)]);
  });
});

describe.concurrent('a process that hangs', () => {
  it('takes the tar that it has started along', async () => {
    await using service = await startCacheService();
    using temp = tempDirectory();
    await saveOnce(service);
    const folder = pathWith(temp, ['sh', 'sleep', 'zstd']);
    temp.write('bin/tar', `#!/bin/sh\necho $$ > ${join(temp.path, 'pid')}\nexec sleep 600\n`);
    chmodSync(join(folder, 'tar'), 0o755);
    using job = startJob(service, { environment: { PATH: folder }, restoreTimeoutMs: DEADLINE_MS });
    expect(await job.cache.restore()).toEqual(COLD);
    expect(job.warnings).toEqual([expect.stringMatching(/took too long/)]);
    expect(isAlive(Number(readFileSync(join(temp.path, 'pid'), 'utf8')))).toBe(false);
  });

  it('is ended without a warning when the run is cancelled', async () => {
    await using service = await startCacheService();
    breakOn(service, /./, 'hang');
    using job = startJob(service);
    const controller = new AbortController();
    service.events.once('request', () => controller.abort());
    const gone = once(service.events, 'gone');
    expect(await job.cache.restore(controller.signal)).toEqual(COLD);
    await gone;
    await job.cache.save(['x'], controller.signal);
    expect(job.warnings).toEqual([]);
    expect(service.log).toHaveLength(1);
  });

  it('does not outlive the run, not even one that is killed', async () => {
    await using service = await startCacheService();
    breakOn(service, /./, 'hang');
    using temp = tempDirectory();
    const asked = once(service.events, 'request');
    const run = startRun(service, join(temp.path, 'cache'));
    await asked;
    const gone = once(service.events, 'gone');
    run.kill('SIGKILL');
    await gone;
  });

  it('does not keep the run from ending, and prints nothing into it', async () => {
    await using service = await startCacheService();
    breakOn(service, /./, 'hang');
    using temp = tempDirectory();
    const run = startRun(service, join(temp.path, 'cache'), 'pipe');
    let printed = '';
    run.stdout?.on('data', (chunk) => {
      printed += chunk;
    });
    const [code] = await once(run, 'close');
    expect(code).toBe(0);
    expect(printed).toBe('{"hit":"none","usable":true} 1\n');
  });
});

/** A process that restores, prints the outcome with the number of warnings, and has nothing else to do. */
function startRun(service: CacheService, folder: string, stdout: 'pipe' | 'ignore' = 'ignore'): ChildProcess {
  const module = join(dirname(PROGRAM), 'github-persistence.ts');
  const options = {
    folder,
    program: PROGRAM,
    identity: { family: [], release: [] },
    restoreTimeoutMs: DEADLINE_MS,
  };
  const script = `
    import { GitHubPersistence } from ${JSON.stringify(module)};
    let warnings = 0;
    const warn = () => { warnings += 1; };
    const cache = new GitHubPersistence({ ...${JSON.stringify(options)}, environment: process.env, warn });
    console.log(JSON.stringify(await cache.restore()), warnings);`;
  return spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    env: { PATH: process.env.PATH, ...service.environment },
    stdio: ['ignore', stdout, 'inherit'],
  });
}

/** A process that has ended may wait for somebody to take note; it does nothing any more. */
function isAlive(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return false;
  return !/^\d+ \(.*\) [ZX]/.test(readFileSync(file, 'utf8'));
}
