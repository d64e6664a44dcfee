import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SourceFetcher } from '../../../src/policy/sources/source-fetcher.ts';
import { tar } from '../../support/archives.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';
import { selfSignedCertificate } from '../../support/tls.ts';
import { never, type TestToolsOptions, testTools } from '../support/source-tools.ts';

const TAR = tar(
  { name: './', type: '5' },
  { name: './policy/a.rego', content: 'package a' },
  { name: './data/x.json', content: '{}' },
  { name: './x.md', content: '#' },
);

let server: Server;
let host: string;
let temp: TempDirectory;
let environment: Readonly<Record<string, string>>;
let answers: Map<string, { status?: number; body?: Buffer | string; headers?: Record<string, string> }>;
const asked: string[] = [];

beforeAll(async () => {
  const tls = await selfSignedCertificate();
  temp = tempDirectory();
  environment = { SSL_CERT_FILE: temp.write('ca.pem', tls.cert) };
  server = createServer(tls, (request, response) => {
    asked.push(request.url ?? '');
    const { status = 200, body = '', headers = {} } = answers.get(request.url ?? '') ?? { status: 404 };
    response.writeHead(status, headers);
    // A server that promises more than it sends.
    if ('content-length' in headers) response.write(body, () => response.destroy());
    else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  temp.remove();
});
beforeEach(() => {
  asked.length = 0;
  answers = new Map();
});

async function fetch(path: string, options: TestToolsOptions = {}) {
  await using tools = testTools({ environment, ...options });
  return await new SourceFetcher(tools).fetch(`https://${host}${path}`, never());
}
const filesAt = async (path: string, options: TestToolsOptions = {}) =>
  (await fetch(path, options)).files.map((file) => `${file.path}: ${file.bytes}`);

describe('what is at an https address', () => {
  it('is a single file', async () => {
    answers.set('/lib/a%20b.rego?token=secret', { body: 'package a' });
    const tree = await fetch('/lib/a%20b.rego?token=secret');
    expect(tree.files.map(({ path, bytes }) => [path, bytes.toString()])).toEqual([
      ['a b.rego', 'package a'],
    ]);
    expect(JSON.stringify(tree)).not.toContain('secret');
  });

  it.each(['.tar', '.tar.gz', '.tgz'])('or a %s, of which a folder may be named', async (extension) => {
    answers.set(`/p${extension}`, { body: extension === '.tar' ? TAR : gzipSync(TAR) });
    expect(await filesAt(`/p${extension}`)).toEqual(['data/x.json: {}', 'policy/a.rego: package a']);
    expect(await filesAt(`/p${extension}//policy`)).toEqual(['a.rego: package a']);
    await expect(fetch(`/p${extension}//none`)).rejects.toMatchObject({ code: 'BAD_POLICY' });
  });

  it.each(['/p.zip', '/p.tar.bz2', '/p.gz', '/p.7z', '/a.rego//folder', '/a.md', '/'])(
    '%s is refused',
    async (path) => {
      answers.set(path.replace(/(?!^)\/\/.*/, ''), { body: 'x' });
      await expect(fetch(path)).rejects.toMatchObject({ code: 'BAD_POLICY' });
    },
  );
});

describe('answers that are none', () => {
  it.each([
    [404, 'BAD_POLICY', 'usage'],
    [410, 'BAD_POLICY', 'usage'],
    [401, 'UNAUTHORIZED', 'undetermined'],
    [403, 'UNAUTHORIZED', 'undetermined'],
    [429, 'THROTTLED', 'undetermined'],
    [500, 'POLICY_UNAVAILABLE', 'undetermined'],
    [503, 'POLICY_UNAVAILABLE', 'undetermined'],
    [204, 'POLICY_UNAVAILABLE', 'undetermined'],
  ])('%i is %s', async (status, code, kind) => {
    answers.set('/a.rego', { status });
    await expect(fetch('/a.rego')).rejects.toMatchObject({ code, kind });
  });

  it('a truncated body, one that is too large, and an authority that nobody named are errors', async () => {
    answers.set('/a.rego', { body: 'package a', headers: { 'content-length': '100' } });
    await expect(fetch('/a.rego')).rejects.toMatchObject({ kind: 'undetermined' });
    answers.set('/a.rego', { body: 'x'.repeat(1000) });
    await expect(fetch('/a.rego', { limits: { fileBytes: 999 } })).rejects.toMatchObject({
      code: 'CONTENT_TOO_LARGE',
    });
    await expect(fetch('/a.rego', { environment: {} })).rejects.toMatchObject({ code: 'NETWORK' });
  });

  it('a redirect to plain http elsewhere is not followed', async () => {
    answers.set('/a.rego', { status: 302, headers: { location: 'http://policy.test/a.rego' } });
    await expect(fetch('/a.rego')).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
  });

  it('offline nobody is asked', async () => {
    answers.set('/a.rego', { body: 'package a' });
    await expect(fetch('/a.rego', { offline: true })).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE' });
    expect(asked).toEqual([]);
  });
});

describe('hostile archives', () => {
  const refused = async (body: Buffer, limits = {}) => {
    answers.set('/p.tgz', { body });
    await expect(fetch('/p.tgz', { limits })).rejects.toMatchObject({ code: 'BAD_POLICY' });
  };
  const good = { name: 'good.rego', content: 'package good' };

  it.each(['../a.rego', '/a.rego', 'a/../../b.rego', '..\\a.rego', 'C:\\a.rego', './../a.rego'])(
    'a member called %j is refused',
    async (name) => refused(gzipSync(tar(good, { name, content: 'package a' }))),
  );

  it.each(['1', '2', '3', '6'])('a member of type %s in place of a policy is refused', async (type) => {
    await refused(gzipSync(tar(good, { name: 'a.rego', type, link: '/etc/passwd' })));
  });

  it('a bomb, a truncated archive, noise and a member that is there twice are refused', async () => {
    const limits = { sourceBytes: 1024 * 1024, files: 5 };
    await refused(gzipSync(tar(good, { name: 'big.bin', content: Buffer.alloc(64 * 1024 * 1024) })), limits);
    await refused(gzipSync(tar(good)).subarray(0, 60));
    await refused(gzipSync(tar({ name: 'a.rego', content: 'x'.repeat(4000) }).subarray(0, 1024)));
    await refused(Buffer.from('this is no archive'));
    await refused(gzipSync(Buffer.from('neither is this')));
    await refused(gzipSync(tar(good, good)));
    await refused(gzipSync(tar(...Array.from({ length: 6 }, (_, i) => ({ name: `${i}.rego` })))), limits);
  });
});
