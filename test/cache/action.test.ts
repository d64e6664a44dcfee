// The bundled action with GitHub's cache: a runner's process, the real @actions/cache, tar, and a service on loopback.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pathWith } from '../persist/support/runner.ts';
import { type CacheFault, type CacheService, startCacheService } from '../support/cache-service.ts';
import { runAction } from '../support/entry.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import { type Gate, openGate } from '../validate/support/gate.ts';

const ACTION = 'dist/action/index.js';
const HOSTED = { RUNNER_ENVIRONMENT: 'github-hosted', GITHUB_EVENT_NAME: 'push', GITHUB_REF_TYPE: 'branch' };

let gate: Gate;
let service: CacheService;
let temp: TempDirectory;
let inputs: Record<string, string>;

beforeEach(async () => {
  [gate, service] = await Promise.all([openGate(), startCacheService()]);
  temp = tempDirectory();
  const images = [await gate.push('shop/cart'), await gate.push('shop/pay', { layout: 'legacy' })];
  const root = temp.write('trusted_root.json', gate.sigstore.trustedRootJson);
  inputs = { images: images.join('\n'), 'public-key': gate.key.publicPem, 'trusted-root': root };
});

afterEach(async () => {
  await Promise.all([gate.close(), service[Symbol.asyncDispose]()]);
  temp.remove();
});

async function run(more: Record<string, string> = {}, environment: Record<string, string> = {}) {
  gate.registry.clearLog();
  const result = await runAction(ACTION, { ...inputs, ...more }, temp.path, {
    environment: { ...HOSTED, ...service.environment, ...environment },
  });
  const requests = gate.registry.requests.length;
  const report = JSON.parse(readFileSync(result.outputs.report ?? '', 'utf8'));
  return { ...result, requests, report, hit: result.outputs['cache-hit'], warnings: report.warnings ?? [] };
}

describe('the action with a cache service', () => {
  it('asks the registry for nothing the second time, and verifies everything again', async () => {
    const cold = await run();
    expect([cold.code, cold.hit]).toEqual([0, 'none']);
    expect(service.entries).toHaveLength(1);
    const warm = await run();
    expect([warm.code, warm.hit, warm.requests]).toEqual([0, 'full', 0]);
    expect(warm.summary).toMatch(/proofs of 2 of 2 components from the cache/);
    expect(warm.report.components[0].proofs).toMatchObject({ from: 'cache' });
    // Nothing new was verified, so nothing is saved.
    expect(service.entries).toHaveLength(1);
  });

  it('uses the proofs of a release before this one for what has not changed', async () => {
    await run();
    const more = await gate.push('shop/new');
    const next = await run({ images: `${inputs.images}\n${more}` });
    expect([next.code, next.hit]).toEqual([0, 'partial']);
    expect(gate.registry.count(/shop\/(cart|pay)/)).toBe(0);
    expect(service.entries).toHaveLength(2);
  });

  it('a changed key is applied to what was restored', async () => {
    await run();
    const other = await openGate();
    const result = await run({ 'public-key': other.key.publicPem });
    await other.close();
    expect(result.code).toBe(1);
    expect(result.outputs.result).toBe('rejected');
  });

  it('does not see what another branch has saved', async () => {
    service.scopes = ['refs/heads/feature'];
    await run();
    service.scopes = ['refs/heads/main'];
    const result = await run();
    expect([result.code, result.hit]).toEqual([0, 'none']);
  });

  it('goes on without saving where writing is denied', async () => {
    service.isWritable = false;
    const result = await run();
    expect([result.code, service.entries.length]).toEqual([0, 0]);
    expect(result.warnings.filter(isAboutCache)).toHaveLength(1);
  });

  it.each<[string, CacheFault]>([
    ['503', { status: 503 }],
    ['429', { status: 429 }],
    ['silence', 'hang'],
    ['half an archive', 'truncate'],
  ])('%s on restoring is one warning and a cold run', { timeout: 90_000 }, async (_, fault) => {
    await run();
    service.fault = (operation) => (/^GET|^GetCacheEntry/.test(operation) ? fault : undefined);
    const result = await run();
    expect([result.code, result.hit]).toEqual([0, 'none']);
    expect(result.warnings.filter(isAboutCache)).toHaveLength(1);
  });

  it('a service that is not there is one warning and a cold run', async () => {
    await run();
    const result = await run({}, { ACTIONS_RESULTS_URL: 'http://127.0.0.1:1/' });
    expect([result.code, result.hit]).toEqual([0, 'none']);
    expect(result.warnings.filter(isAboutCache)).toHaveLength(1);
  });

  it.each([
    ['tar', ['sh', 'zstd', 'unzstd', 'zstdmt']],
    ['unzstd', ['sh', 'tar', 'zstd', 'zstdmt']],
  ])('a runner without %s is one warning and a cold run', async (_, programs) => {
    await run();
    const result = await run({}, { PATH: pathWith(temp, programs) });
    expect([result.code, result.hit]).toEqual([0, 'none']);
    expect(result.warnings.filter(isAboutCache)).toHaveLength(1);
  });

  it('an archive that somebody has replaced is a cold run with the right verdict', async () => {
    await run();
    for (const entry of service.entries) entry.body = Buffer.from('not an archive');
    const result = await run();
    expect([result.code, result.hit]).toEqual([0, 'none']);
  });

  it.each([
    { GITHUB_EVENT_NAME: 'release' },
    { GITHUB_EVENT_NAME: 'pull_request_target' },
    { GITHUB_EVENT_NAME: 'workflow_run' },
    { GITHUB_REF_TYPE: 'tag' },
    { RUNNER_ENVIRONMENT: 'self-hosted' },
  ])('auto is off for %j: nothing is restored, nothing is saved', async (environment) => {
    const result = await run({}, environment);
    expect(result.code).toBe(0);
    expect(service.log).toEqual([]);
    expect(result.stdout).toContain('no proofs are kept');
  });

  it('cache true is the user’s word, even on a runner of their own', async () => {
    await run({ cache: 'true' }, { RUNNER_ENVIRONMENT: 'self-hosted' });
    expect(service.entries).toHaveLength(1);
  });

  it('a directory named by the user is used in place of the service', async () => {
    using folder = tempDirectory();
    await run({ 'cache-dir': folder.path });
    expect(service.log).toEqual([]);
    expect(existsSync(join(folder.path, 'v1'))).toBe(true);
    const offline = await run({ 'cache-dir': folder.path, offline: 'true' });
    expect([offline.code, offline.hit, offline.requests]).toEqual([0, 'full', 0]);
    expect(readdirSync(folder.path)).not.toEqual([]);
  });
});

function isAboutCache({ metadata }: { metadata: { code: string } }): boolean {
  return metadata.code === 'cache.unavailable';
}
