// What a cancelled TaskRun, a pod that is moved or a cancelled job does to a run: SIGTERM, and five seconds to the end.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createSilentServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reportValidator } from './report/support/schemas.ts';
import { startCacheService } from './support/cache-service.ts';
import { runAction, runEntry, type StartOptions } from './support/entry.ts';
import type { Fault } from './support/faults.ts';
import { rego } from './support/policies.ts';
import { type TempDirectory, tempDirectory } from './support/temp.ts';
import { selfSignedCertificate } from './support/tls.ts';
import { type Gate, openGate } from './validate/support/gate.ts';

const MAX_MS = 5_000;
const IMAGES = 60;
const validate = reportValidator();

let gate: Gate;
let temp: TempDirectory;
let images: string[];
beforeEach(async () => {
  gate = await openGate();
  temp = tempDirectory();
  const signed = await gate.push('signed');
  // What nobody serves costs nothing to name.
  const more = Array.from(
    { length: IMAGES - 1 },
    (_, at) => `${gate.registry.host}/more-${at}@${signed.split('@')[1]}`,
  );
  images = [signed, ...more];
});
afterEach(async () => {
  await gate.close();
  temp.remove();
});

/** Sends SIGTERM when it is called the first time; knows how long the process lived on. */
class Terminator {
  readonly environment: Record<string, string> = {};
  #child: { kill(name: 'SIGTERM'): boolean } | undefined;
  #sentMs: number | undefined;

  readonly onStart: NonNullable<StartOptions['onStart']> = (child) => {
    this.#child = child;
  };

  readonly terminate = (): void => {
    if (this.#sentMs !== undefined || this.#child?.kill('SIGTERM') !== true) return;
    this.#sentMs = performance.now();
  };

  get livedMs(): number {
    return performance.now() - (this.#sentMs ?? Number.NEGATIVE_INFINITY);
  }
}

const trust = () => [
  ...['--public-key', temp.write('cosign.pub', gate.key.publicPem)],
  ...['--trusted-root', temp.write('trusted_root.json', gate.sigstore.trustedRootJson)],
];

/** Runs the command on all images until `terminator` ends it, and expects what has to be true whatever it was doing. */
async function expectEarlyEnd(terminator: Terminator, ...parameters: string[]) {
  const path = join(temp.path, 'report.json');
  const cache = ['--cache-dir', temp.path];
  const finished = await runEntry(
    'src/cli.ts',
    ['verify', ...images, ...trust(), ...cache, '--report', path, ...parameters],
    terminator,
  );
  const { livedMs } = terminator;
  const report = JSON.parse(readFileSync(path, 'utf8'));
  expect(finished.code).toBe(3);
  expect(livedMs).toBeLessThan(MAX_MS);
  expect(finished.stdout).toContain('SIGTERM');
  expect(validate(report)).toEqual([]);
  expect(report.components).toHaveLength(images.length);
  expect(report.result).toBe('undetermined');
  const check = await runEntry('src/cli.ts', ['cache', 'verify', '--cache-dir', temp.path]);
  expect(check.code).toBe(0);
  return report;
}

const rule = (fault: Fault, terminator: Terminator) => {
  gate.registry.faults.push(({ path }) => {
    if (!path.includes('/more-')) return undefined;
    terminator.terminate();
    return fault;
  });
};

describe('a run that gets SIGTERM', () => {
  it.each<[string, Fault]>([
    ['waits for answers', { kind: 'stall' }],
    ['waits for the rest of answers', { kind: 'slow-loris' }],
    ['is told to come back later', { kind: 'status', status: 429, headers: { 'retry-after': '60' } }],
    ['tries again', { kind: 'status', status: 503 }],
  ])('while it %s writes what it knows, within five seconds', { timeout: 60_000 }, async (_, fault) => {
    const terminator = new Terminator();
    rule(fault, terminator);
    await expectEarlyEnd(terminator);
  });

  it.each([
    ['evaluates', 0],
    ['evaluates for a while', 1_500],
  ])(
    'while a policy %s writes what it knows, within five seconds',
    { timeout: 60_000 },
    async (_, afterMs) => {
      const terminator = new Terminator();
      const data = gate.registry.putBlob('data', 'x');
      const numbers = 'numbers.range(1, 100000)';
      const loops = {
        short: 'loops',
        when: `ec.oci.blob("${gate.registry.host}/data@${data.digest}") == "x"; count([1 | some i in ${numbers}; some j in ${numbers}; i == j]) == 1`,
      };
      images = await Promise.all(Array.from({ length: IMAGES }, (_, at) => gate.push(`signed-${at}`)));
      gate.registry.faults.push(({ path }) => {
        if (path.startsWith('/v2/data/blobs/')) setTimeout(terminator.terminate, afterMs);
        return undefined;
      });
      const policy = JSON.stringify({ sources: [{ policy: [temp.write('loops.rego', rego(loops))] }] });
      const report = await expectEarlyEnd(terminator, '--policy', policy, '--ignore-rekor');
      const reasons = report.components.flatMap((one: { undetermined: { metadata: { reason: string } }[] }) =>
        one.undetermined.map(({ metadata }) => metadata.reason),
      );
      expect(new Set(reasons)).toEqual(new Set(['CANCELLED']));
    },
  );

  it.each([0, 400])(
    'while a policy compiles (%i ms) writes what it knows, within five seconds',
    { timeout: 60_000 },
    async (afterMs) => {
      const terminator = new Terminator();
      const policy = { sources: [{ policy: [temp.write('ok.rego', rego({ short: 'ok', when: 'false' }))] }] };
      // The address of the policy's text: it is asked for just before all is compiled.
      const tls = await selfSignedCertificate();
      terminator.environment.SSL_CERT_FILE = temp.write('ca.pem', tls.cert);
      const server = createServer(tls, (_, response) => {
        response.end(JSON.stringify(policy), () => setTimeout(terminator.terminate, afterMs));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/policy.json`;
      await expectEarlyEnd(terminator, '--policy', url, '--ignore-rekor');
      server.close();
    },
  );
});

describe('a run over thousands of components that gets SIGTERM', () => {
  it('writes what it knows, within five seconds', { timeout: 60_000 }, async () => {
    const terminator = new Terminator();
    const [signed = ''] = images;
    images = Array.from({ length: 2_000 }, (_, at) => signed.replace('/signed@', `/more-${at}@`));
    rule({ kind: 'stall' }, terminator);
    await expectEarlyEnd(terminator);
  });

  it('also while git fetches a policy', { timeout: 60_000 }, async () => {
    const terminator = new Terminator();
    // Whoever connects waits for a handshake that never comes.
    const server = createSilentServer(() => terminator.terminate());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `git::https://127.0.0.1:${(server.address() as AddressInfo).port}/policies.git`;
    const policy = JSON.stringify({ sources: [{ policy: [address] }] });
    await expectEarlyEnd(terminator, '--policy', policy);
    server.close();
  });
});

describe('an action that gets SIGTERM', () => {
  it.each([
    ['saves', 'CreateCacheEntry'],
    ['restores', 'GetCacheEntryDownloadURL'],
  ])(
    'while it %s its cache publishes what it knows, within five seconds',
    { timeout: 60_000 },
    async (_, operation) => {
      await using service = await startCacheService();
      const terminator = new Terminator();
      service.fault = (asked) => {
        if (!asked.startsWith(operation)) return undefined;
        terminator.terminate();
        return 'hang';
      };
      const inputs = {
        images: images[0] as string,
        'public-key': gate.key.publicPem,
        'trusted-root': temp.write('trusted_root.json', gate.sigstore.trustedRootJson),
      };
      const result = await runAction('src/action.ts', inputs, temp.path, {
        ...terminator,
        environment: {
          ...{ RUNNER_ENVIRONMENT: 'github-hosted', GITHUB_EVENT_NAME: 'push', GITHUB_REF_TYPE: 'branch' },
          ...service.environment,
        },
      });
      expect(terminator.livedMs).toBeLessThan(MAX_MS);
      expect(result.code).toBe(1);
      expect(result.stdout).toContain('The run was interrupted');
      const path = result.outputs.report ?? '';
      expect(existsSync(path)).toBe(true);
      expect(validate(JSON.parse(readFileSync(path, 'utf8')))).toEqual([]);
    },
  );
});
