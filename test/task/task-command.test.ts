// The steps of the task as processes, with the environment that its definition sets.
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runEntry } from '../support/entry.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import { type Gate, openGate } from '../validate/support/gate.ts';

let gate: Gate;
let image: string;
let temp: TempDirectory;
beforeAll(async () => {
  gate = await openGate();
  image = await gate.push('app');
});
afterAll(() => gate.close());
beforeEach(() => {
  temp = tempDirectory();
});
afterEach(() => temp.remove());

const snapshot = (...images: string[]) =>
  JSON.stringify({
    components: images.map((containerImage, index) => ({ name: `c${index}`, containerImage })),
  });

/** Runs `proofgate task verify`, and reads what it left. */
async function verify(
  params: Readonly<Record<string, string>>,
  more: { environment?: Readonly<Record<string, string>>; onStart?: Parameters<typeof runEntry>[2] } = {},
) {
  const all = { IMAGES: snapshot(image), PUBLIC_KEY: gate.key.publicPem, IGNORE_REKOR: 'true', ...params };
  const environment = {
    ...Object.fromEntries(Object.entries(all).map(([name, value]) => [`PARAM_${name}`, value])),
    HOME: temp.path,
    RESULT_TEST_OUTPUT: join(temp.path, 'TEST_OUTPUT'),
    ...more.environment,
  };
  const finished = await runEntry('src/cli.ts', ['task', 'verify'], { ...more.onStart, environment });
  const text = readFileSync(join(temp.path, 'TEST_OUTPUT'), 'utf8');
  return { ...finished, text, testOutput: JSON.parse(text) };
}

describe('proofgate task verify', () => {
  it('writes result and reports', async () => {
    const { code, testOutput, stdout } = await verify({});
    expect(code, stdout).toBe(0);
    expect(testOutput).toMatchObject({ result: 'SUCCESS', successes: 4, failures: 0 });
    expect(JSON.parse(readFileSync(join(temp.path, 'report.json'), 'utf8'))).toMatchObject({
      result: 'verified',
    });
    expect(readFileSync(join(temp.path, 'report.txt'), 'utf8')).toContain(image);
  });

  it('writes an ERROR of at most a KiB for bad input, however much of it there is', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `not a reference "${index}" \u{1F4A5}`);
    const { code, text, testOutput } = await verify({ IMAGES: snapshot(...many), RETRY_FACTOR: '9' });
    expect(code).toBe(2);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024);
    expect(testOutput).toMatchObject({
      result: 'ERROR',
      successes: 0,
      note: expect.stringContaining('RETRY_FACTOR'),
    });
  });

  it('writes an ERROR for a policy that is wrong, which is found later', async () => {
    const { code, testOutput } = await verify({ POLICY_CONFIGURATION: '{"sources": 1}' });
    expect(code).toBe(2);
    expect(testOutput).toMatchObject({ result: 'ERROR', note: expect.stringContaining('sources') });
  });

  it('leaves an ERROR behind when it is killed, and no report of an earlier run', async () => {
    temp.write('report.json', '{"result": "verified"}');
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const silent = createServer((socket) => {
      socket.on('error', () => {});
      resolve();
    });
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const { port } = silent.address() as AddressInfo;
    const slow = `127.0.0.1:${port}/slow@sha256:${'0'.repeat(64)}`;
    const onStart = {
      onStart: (child: { kill(signal: 'SIGKILL'): void }) => void asked.then(() => child.kill('SIGKILL')),
    };
    const { code, testOutput } = await verify({ IMAGES: snapshot(slow) }, { onStart });
    silent.close();
    expect(code).toBeNull();
    expect(testOutput).toMatchObject({ result: 'ERROR', note: 'verify did not come to its end' });
    expect(existsSync(join(temp.path, 'report.json'))).toBe(false);
  });

  it('takes the part of a shard, also when there is nothing in it', async () => {
    const [first, second] = [await verify({ SHARD: '1/2' }), await verify({ SHARD: '2/2' })];
    expect([first.code, second.code]).toEqual([0, 0]);
    expect([first.testOutput.result, second.testOutput.result]).toEqual(['SUCCESS', 'SKIPPED']);
    for (const index of [1, 2]) readFileSync(join(temp.path, `report-${index}-of-2.json`));
  });

  it('finds the files that parameters name in the workspace data', async () => {
    temp.write('snapshot.json', snapshot(image));
    const data = { environment: { WORKSPACE_DATA: temp.path } };
    expect((await verify({ IMAGES: 'snapshot.json' }, data)).code).toBe(0);
    expect((await verify({ IMAGES: 'snapshot.json' })).code).toBe(2);
  });

  it('says of a workspace data that it may not enter, and leaves no report of an earlier run', async () => {
    temp.write('report.json', '{"result": "verified"}');
    const data = { environment: { WORKSPACE_DATA: join(temp.path, 'nowhere') } };
    const { code, testOutput } = await verify({}, data);
    expect(code).toBe(2);
    expect(testOutput).toMatchObject({
      result: 'ERROR',
      note: expect.stringContaining('the workspace data'),
    });
    expect(existsSync(join(temp.path, 'report.json'))).toBe(false);
  });

  it('is for the task alone', async () => {
    const { code, stderr } = await runEntry('src/cli.ts', ['task', 'verify']);
    expect(code).toBe(2);
    expect(stderr).toContain('proofgate verify');
  });
});

describe('proofgate task assert', () => {
  const assert = (result: string, exitCode: string, STRICT = 'true', SHARD = '') =>
    runEntry('src/cli.ts', ['task', 'assert'], {
      environment: {
        RESULT_TEST_OUTPUT: temp.write('TEST_OUTPUT', result),
        VERIFY_EXIT_CODE: temp.write('exitCode', exitCode),
        PARAM_STRICT: STRICT,
        PARAM_SHARD: SHARD,
      },
    });

  it.each([
    ['SUCCESS', '0', 'true', 0],
    ['WARNING', '0', 'true', 0],
    ['FAILURE', '0', 'false', 0],
    ['FAILURE', '1', 'true', 1],
    ['ERROR', '2', 'true', 2],
    ['ERROR', '3', 'false', 3],
    // What should never meet: the worse of the two counts.
    ['FAILURE', '0', 'true', 3],
    ['SKIPPED', '0', 'true', 3],
    ['ERROR', '0', 'false', 3],
    ['SUCCESS', '1', 'true', 1],
    ['SUCCESS', '3', 'false', 3],
    ['SUCCESS', '137', 'true', 3],
    ['SUCCESS', '', 'true', 3],
  ])('takes %s and exit code %j with STRICT=%s for %i', async (result, exitCode, strict, expected) => {
    const { code, stdout } = await assert(`{"result":"${result}"}\n`, exitCode, strict);
    expect(code).toBe(expected);
    expect(stdout).toContain(expected === 0 ? 'passed' : 'failed');
    expect(stdout).toContain(`{"result":"${result}"}`);
  });

  it('takes SKIPPED for a shard, which may have none of the components', async () => {
    expect((await assert('{"result":"SKIPPED"}', '0', 'true', '3/3')).code).toBe(0);
    expect((await assert('{"result":"ERROR"}', '0', 'true', '3/3')).code).toBe(3);
  });

  it.each(['', '{}', '[]', '{"result":"GREAT"}', 'SUCCESS'])(
    'fails for %j in place of a result',
    async (text) => {
      expect((await assert(text, '0')).code).toBe(3);
    },
  );

  it('fails when there is nothing to read', async () => {
    const environment = {
      RESULT_TEST_OUTPUT: join(temp.path, 'none'),
      VERIFY_EXIT_CODE: join(temp.path, 'none'),
    };
    expect((await runEntry('src/cli.ts', ['task', 'assert'], { environment })).code).toBe(2);
  });
});
