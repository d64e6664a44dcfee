// The Task, run step by step in containers that are shut in as it says, against the real docker-registry.
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey } from '../support/keys.ts';
import { IDENTITY, openScene, type Scene, snapshotOf } from './support/scene.ts';

/** A registry that nobody answers at: this port is reserved. */
const NOBODY = `127.0.0.1:1/shop/lost@sha256:${'0'.repeat(64)}`;

let scene: Scene;
let good: string;
let other: string;
let unsigned: string;

beforeAll(async () => {
  scene = await openScene();
  good = await scene.push('shop/cart');
  other = await scene.push('shop/mail');
  unsigned = await scene.push('shop/bad', scene.strangers);
});
afterAll(() => scene?.close());

const requestsOf = (outcome: {
  report: { usage: { registries: readonly { requests: number }[] } } | undefined;
}) => outcome.report?.usage.registries.reduce((sum, { requests }) => sum + requests, 0);

it('the steps are shut in as the definition says: these tests would not pass otherwise', async () => {
  const { stepTemplate } = scene.task.spec;
  const script = `const { readFileSync, writeFileSync } = require('node:fs');
    const status = readFileSync('/proc/self/status', 'utf8');
    const of = (name) => new RegExp('^' + name + ':\\\\s+(.*)$', 'm').exec(status)[1];
    let root = 'writable';
    try { writeFileSync('/file', ''); } catch (error) { root = error.code; }
    const names = ['Uid', 'Gid', 'CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp'];
    console.log(JSON.stringify([...names.map(of), root]));`;
  const step = { name: 'look', image: scene.image, command: ['/nodejs/bin/node'], args: ['--eval', script] };
  const securityContext = stepTemplate?.securityContext;
  const spec = { description: '', params: [], results: [], stepTemplate: { securityContext }, steps: [step] };
  const { steps } = await scene.run({ spec, workspaces: {} });
  const ids = Array(4).fill('65532').join('\t');
  const none = '0'.repeat(16);
  expect(JSON.parse(steps[0]?.output ?? '')).toEqual([ids, ids, none, none, '1', '2', 'EROFS']);
});

describe('the verdict', () => {
  it('is SUCCESS when all are verified, and the task succeeds', async () => {
    const outcome = await scene.run({ params: { IMAGES: snapshotOf([good, other]) } });
    expect(outcome, outcome.log).toMatchObject({ succeeded: true, codes: [0, 0] });
    expect(outcome.testOutput).toMatchObject({ result: 'SUCCESS', failures: 0, successes: 8 });
    expect(outcome.report).toMatchObject({ result: 'verified' });
    expect(outcome.home['report.txt']).toContain(good);
    expect(outcome.log).toContain('VERIFIED');
  });

  it('is FAILURE when one is rejected: the other is still reported, and the task fails', async () => {
    const outcome = await scene.run({ params: { IMAGES: snapshotOf([good, unsigned]) } });
    expect(outcome, outcome.log).toMatchObject({ succeeded: false, codes: [1, 1] });
    expect(outcome.testOutput).toMatchObject({ result: 'FAILURE' });
    expect(outcome.report?.components.map((one) => one.outcome)).toEqual(['verified', 'rejected']);
  });

  it('is ERROR when one could not be looked at, and the task fails', async () => {
    const outcome = await scene.run({ params: { IMAGES: snapshotOf([good, NOBODY]), TIMEOUT: '8s' } });
    expect(outcome, outcome.log).toMatchObject({ succeeded: false, codes: [3, 3] });
    expect(outcome.testOutput).toMatchObject({ result: 'ERROR', note: expect.stringContaining('1 of 2') });
    expect(outcome.report?.components.map((one) => one.outcome)).toEqual(['verified', 'undetermined']);
  });

  it('is FAILURE with STRICT=false, too, but the task succeeds', async () => {
    const params = { IMAGES: snapshotOf([good, unsigned]), STRICT: 'false' };
    const outcome = await scene.run({ params });
    expect(outcome, outcome.log).toMatchObject({ succeeded: true, codes: [0, 0] });
    expect(outcome.testOutput).toMatchObject({ result: 'FAILURE' });
  });

  it('fails with STRICT=false for what could not be looked at beside what was rejected', async () => {
    const params = { IMAGES: snapshotOf([unsigned, NOBODY]), STRICT: 'false', TIMEOUT: '8s' };
    const outcome = await scene.run({ params });
    expect(outcome, outcome.log).toMatchObject({ succeeded: false, codes: [3, 3] });
  });

  it('names every mistake of the input at once, and the task fails', async () => {
    const params = { IMAGES: 'no-such-file.json', RETRY_FACTOR: '3.0', WORKERS: 'many', STRICT: 'false' };
    const outcome = await scene.run({ params });
    expect(outcome, outcome.log).toMatchObject({ succeeded: false, codes: [2, 2], report: undefined });
    expect(outcome.testOutput).toMatchObject({ result: 'ERROR', successes: 0 });
    for (const name of ['IMAGES', 'RETRY_FACTOR', 'WORKERS']) {
      expect(outcome.testOutput.note).toContain(name);
      expect(outcome.log).toContain(name);
    }
  });
});

describe('the proof cache on a workspace', () => {
  it('saves the second run every request, and the proofs are verified again', async () => {
    const cache = { folder: await scene.openFolder('cache') };
    const request = {
      params: { IMAGES: snapshotOf([good, other]) },
      workspaces: { ...scene.workspaces, cache },
    };
    const first = await scene.run(request);
    expect(first, first.log).toMatchObject({ codes: [0, 0], report: { cache: { hit: 'none' } } });
    expect(requestsOf(first)).toBeGreaterThan(0);
    const second = await scene.run(request);
    expect(second, second.log).toMatchObject({ codes: [0, 0], report: { cache: { hit: 'full' } } });
    expect(requestsOf(second)).toBe(0);
    const stranger = await scene.run({
      ...request,
      params: { ...request.params, PUBLIC_KEY: generateKey().publicPem },
    });
    expect(stranger, stranger.log).toMatchObject({ codes: [1, 1] });
  });

  it('is shared by two runs at once, and sound afterwards', async () => {
    const cache = { folder: await scene.openFolder('shared-cache') };
    const request = {
      params: { IMAGES: snapshotOf([good, other]) },
      workspaces: { ...scene.workspaces, cache },
    };
    const both = await Promise.all([scene.run(request), scene.run(request)]);
    for (const outcome of both) expect(outcome, outcome.log).toMatchObject({ codes: [0, 0] });
    const third = await scene.run(request);
    expect(third, third.log).toMatchObject({ codes: [0, 0] });
    expect(requestsOf(third)).toBe(0);
  });

  it('may hold the folder that a new file system has, which nobody may read', async () => {
    const folder = await scene.openFolder('formatted-cache');
    mkdirSync(join(folder, 'lost+found'));
    chmodSync(join(folder, 'lost+found'), 0o700);
    const request = {
      params: { IMAGES: snapshotOf([good]) },
      workspaces: { ...scene.workspaces, cache: { folder } },
    };
    expect((await scene.run(request)).codes).toEqual([0, 0]);
    const second = await scene.run(request);
    expect(second, second.log).toMatchObject({ codes: [0, 0], report: { cache: { hit: 'full' } } });
  });

  it('may be read-only: then nothing is kept, and a warning says so', async () => {
    const cache = { folder: await scene.openFolder('read-only-cache'), readOnly: true };
    const workspaces = { ...scene.workspaces, cache };
    const outcome = await scene.run({ params: { IMAGES: snapshotOf([good]) }, workspaces });
    expect(outcome, outcome.log).toMatchObject({ succeeded: true, codes: [0, 0] });
    const codes = outcome.report?.warnings?.map(({ metadata }) => metadata.code);
    expect(codes).toEqual(['cache.unavailable']);
    expect(readdirSync(cache.folder)).toEqual([]);
  });

  it('may be missing', async () => {
    const outcome = await scene.run({ params: { IMAGES: snapshotOf([good]) } });
    expect(outcome.report).not.toHaveProperty('cache');
    expect(outcome.report?.warnings ?? []).toEqual([]);
  });
});

describe('SIGTERM in the middle', () => {
  let silent: Server;
  let asked: Promise<void>;

  beforeAll(async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    asked = promise;
    // Takes connections, and never says a word.
    silent = createServer((socket) => {
      socket.on('error', () => {});
      resolve();
    });
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  });
  afterAll(() => void silent?.close());

  it('reports what is known within 5 seconds, and leaves the cache sound', async () => {
    const cache = { folder: await scene.openFolder('interrupted-cache') };
    const { port } = silent.address() as AddressInfo;
    const images = [good, `127.0.0.1:${port}/shop/slow@sha256:${'0'.repeat(64)}`];
    const workspaces = { ...scene.workspaces, cache };
    let signalledAt = 0;
    let leftAt = 0;
    const outcome = await scene.run({
      // One after the other: when the second is asked for, the first is verified.
      params: { IMAGES: snapshotOf(images), WORKERS: '1' },
      workspaces,
      onStart: (container, step) => {
        if (step === 'assert') leftAt = Date.now();
        if (step !== 'verify') return;
        void asked.then(() => {
          signalledAt = Date.now();
          return scene.containers.signal(container, 'SIGTERM');
        });
      },
    });
    expect(outcome, outcome.log).toMatchObject({ succeeded: false, codes: [3, 3] });
    expect(leftAt - signalledAt).toBeLessThan(5_000);
    expect(outcome.report?.components.map((one) => one.outcome)).toEqual(['verified', 'undetermined']);
    expect(outcome.testOutput).toMatchObject({ result: 'ERROR' });
    const checked = await scene.containers.run('check', [
      '--volume',
      `${cache.folder}:/cache`,
      scene.image,
      'cache',
      'verify',
      '--cache-dir',
      '/cache',
    ]);
    expect(checked).toMatchObject({ exitCode: 0 });
  });
});

describe('other workspaces', () => {
  it('take reports for later, in place of the home folder', async () => {
    const folder = await scene.openFolder('reports');
    const workspaces = { ...scene.workspaces, reports: { folder } };
    const outcome = await scene.run({ params: { IMAGES: snapshotOf([good]) }, workspaces });
    expect(outcome, outcome.log).toMatchObject({ codes: [0, 0], report: undefined });
    expect(readdirSync(folder).sort()).toEqual(['report.json', 'report.txt']);
    expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toMatchObject({
      result: 'verified',
    });
  });

  it.each([
    ['relative to the workspace data', 'snapshot.json'],
    ['by its variable', '$(workspaces.data.path)/snapshot.json'],
  ])('hold the snapshot as a file, named %s', async (_, IMAGES) => {
    scene.temp.write('data/snapshot.json', snapshotOf([good]));
    const outcome = await scene.run({ params: { IMAGES } });
    expect(outcome, outcome.log).toMatchObject({ codes: [0, 0] });
    expect(outcome.report?.components.map((one) => one.name)).toEqual(['part-0']);
  });
});

describe('the cluster', () => {
  it('gives the key, and no other is trusted; what it does not give is undetermined', async () => {
    scene.cluster.putKey('shop', 'ours', scene.trusted.publicPem);
    scene.cluster.putKey('shop', 'theirs', generateKey().publicPem);
    const verifyWith = (PUBLIC_KEY: string) =>
      scene.run({ params: { IMAGES: snapshotOf([good]), PUBLIC_KEY } });
    const [ours, theirs, none] = [
      await verifyWith('k8s://shop/ours'),
      await verifyWith('k8s://shop/theirs'),
      await verifyWith('k8s://shop/none'),
    ];
    expect(ours, ours.log).toMatchObject({ codes: [0, 0] });
    expect(theirs, theirs.log).toMatchObject({ codes: [1, 1] });
    expect(none.testOutput, none.log).toMatchObject({ result: 'ERROR' });
    expect(none.succeeded).toBe(false);
  });
});

describe('keyless', () => {
  it('wins over a key, forces the log, and a text beats a pattern', async () => {
    const image = await scene.push('shop/keyless', scene.keyless);
    const params = {
      IMAGES: snapshotOf([image]),
      CERTIFICATE_IDENTITY: IDENTITY.subject,
      CERTIFICATE_IDENTITY_REGEXP: 'https://github\\.com/mallory/.*',
      CERTIFICATE_OIDC_ISSUER_REGEXP: 'https://token\\.actions\\..*',
      IGNORE_REKOR: 'true',
    };
    const outcome = await scene.run({ params });
    expect(outcome, outcome.log).toMatchObject({ succeeded: true, codes: [0, 0] });
    const { report } = await scene.run({ params: { ...params, IMAGES: snapshotOf([image, good]) } });
    expect(report?.components.map((one) => one.outcome)).toEqual(['verified', 'rejected']);
  });
});
