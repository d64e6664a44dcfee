// Blobs and their files, as policies see them; written by strangers.
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { digestOf } from '../../../src/base/digest.ts';
import { createHostFunctions } from '../../../src/policy/builtins/host.ts';
import { json, openTar, tar } from '../../support/archives.ts';
import { always } from '../../support/faults.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import { type Asking, openAsking } from './support/asking.ts';

const MIB = 1024 * 1024;

let registry: TestRegistry;
let run: Asking;

beforeEach(async () => {
  registry = await startRegistry();
  run = await openAsking();
});

afterEach(async () => {
  await run[Symbol.asyncDispose]();
  await registry.close();
});

const push = (content: Buffer | string) =>
  `${registry.host}/team/app@${registry.putBlob('team/app', content).digest}`;
const blob = (content: Buffer | string) => run.ask('ec.oci.blob', push(content));
const parsed = (content: Buffer | string) => run.ask('ec.oci.parsed_blob', push(content));
const files = (content: Buffer, ...paths: string[]) => run.ask('ec.oci.blob_files', push(content), paths);
/** As the engine gets it. */
const asText = async (content: string) => {
  const tools = { images: run.images, registry: run.registry, trust: never, http: never, clock: systemClock };
  const { functions } = createHostFunctions(tools)();
  return JSON.stringify(await functions('ec.oci.parsed_blob', [push(content)], new AbortController().signal));
};

describe('a blob', () => {
  it('is its text, empty too', async () => {
    expect(await blob('hällo\n')).toBe('hällo\n');
    expect(await blob('')).toBe('');
    expect(await blob(Buffer.from([0x61, 0xff]))).toBe('a\ufffd');
  });

  it('that is compressed is undefined', async () => {
    expect(await blob(gzipSync('text'))).toBeUndefined();
    expect(await blob(zstdCompressSync('text'))).toBeUndefined();
    expect(await parsed(gzipSync('{}'))).toBeUndefined();
  });

  it('that is not there is undefined', async () => {
    const ref = `${registry.host}/team/app@${digestOf('nothing')}`;
    for (const name of ['ec.oci.blob', 'ec.oci.parsed_blob'])
      expect(await run.ask(name, ref)).toBeUndefined();
    expect(await run.ask('ec.oci.blob_files', ref, ['a'])).toBeUndefined();
  });

  it.each([
    ['throttled', always({ kind: 'status', status: 429 }), 'THROTTLED'],
    ['wrong', always({ kind: 'wrong-bytes' }), 'CONTENT_MISMATCH'],
    ['of another digest', always({ kind: 'body', body: 'other' }), 'CONTENT_MISMATCH'],
    ['truncated', always({ kind: 'truncate' }), 'CONTENT_TRUNCATED'],
    ['endless', always({ kind: 'endless' }), 'CONTENT_TOO_LARGE'],
    ['a page', always({ kind: 'html' }), 'CONTENT_MISMATCH'],
  ] as const)('that is %s is no absence', async (_, fault, code) => {
    const ref = push('{"some":"text"}');
    registry.faults.push(fault);
    for (const name of ['ec.oci.blob', 'ec.oci.parsed_blob']) {
      await expect(run.ask(name, ref)).rejects.toMatchObject({ code, kind: 'undetermined' });
    }
    await expect(run.ask('ec.oci.blob_files', ref, ['a'])).rejects.toMatchObject({ code });
  });

  it('that is larger than policies read is no absence', async () => {
    const ref = push(Buffer.alloc(64 * MIB + 1));
    await expect(run.ask('ec.oci.blob', ref)).rejects.toMatchObject({ code: 'CONTENT_TOO_LARGE' });
  });

  it('is fetched once for 200 who ask', async () => {
    const ref = push('{"a":1}');
    const asked = Array.from({ length: 200 }, () => run.ask('ec.oci.parsed_blob', ref));
    for (const one of await Promise.all(asked)) expect(one).toEqual({ a: 1 });
    expect(registry.count(/blobs/)).toBe(1);
  });
});

describe('a parsed blob', () => {
  it('is JSON of any kind', async () => {
    for (const value of [{ a: [1, 'b', null] }, [], 'text', 1.5, null, true]) {
      expect(await parsed(JSON.stringify(value))).toEqual(value);
    }
  });

  it('that is no JSON is undefined', async () => {
    for (const content of ['', '{', 'a: b', '{"a":1} x', "{'a':1}", '\u0000']) {
      expect(await parsed(content)).toBeUndefined();
    }
  });

  it('keeps every digit of a number', async () => {
    const content = '{"a":12345678901234567890,"b":1.10,"c":1e400,"d":-0,"e":[9007199254740993]}';
    expect(await asText(content)).toBe(content);
  });

  it('takes the last of equal keys, and keeps keys that are special in JavaScript', async () => {
    expect(await parsed('{"a":1,"a":2}')).toEqual({ a: 2 });
    const special = '{"__proto__":{"x":1},"constructor":2}';
    expect(await asText(special)).toBe(special);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('nested deeper than can be read is an error, and no crash', async () => {
    const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000);
    await expect(parsed(deep)).rejects.toMatchObject({ code: 'CONTENT_TOO_LARGE' });
    expect(await parsed('['.repeat(1_000_000))).toBeUndefined();
    expect(await parsed('['.repeat(500) + ']'.repeat(500))).toBeDefined();
  });
});

describe('files of a blob', () => {
  const task = { kind: 'Task', spec: { steps: [] } };

  it.each([
    ['plain', (archive: Buffer) => archive],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    [
      'gzip in pieces',
      (archive: Buffer) =>
        Buffer.concat([gzipSync(archive.subarray(0, 700)), gzipSync(archive.subarray(700))]),
    ],
    [
      'zstd in frames',
      (archive: Buffer) =>
        Buffer.concat([zstdCompressSync(archive.subarray(0, 700)), zstdCompressSync(archive.subarray(700))]),
    ],
  ])('are found by their exact names (%s)', async (_, compress) => {
    const archive = tar(json('clone', task), json('other', 1), json('dir/clone', 2), json('./clone', 3));
    expect(await files(compress(archive), 'clone', 'none')).toEqual({ clone: task });
    expect(await files(compress(archive), './clone', 'dir/clone')).toEqual({ './clone': 3, 'dir/clone': 2 });
    expect(await files(compress(archive))).toEqual({});
  });

  it('are YAML or JSON, whatever their name; others are left out', async () => {
    const archive = tar(
      { name: 'a', content: 'kind: Task\nspec:\n  big: 12345678901234567890\n  on: yes\n' },
      { name: 'b', content: '---\n# comment\n- 1\n- two\n---\nsecond: document\n' },
      { name: 'c', content: 'a: [' },
      { name: 'd', content: 'a: 1\na: 2\n' },
      { name: 'e', content: 'words' },
      { name: 'f', content: '' },
      { name: 'g', content: '&a [*a, *b]' },
    );
    expect(await files(archive, 'a', 'b', 'c', 'd', 'e', 'f', 'g')).toEqual({
      a: { kind: 'Task', spec: { big: 12345678901234567000, on: true } },
      b: [1, 'two'],
      d: { a: 2 },
      e: 'words',
      f: null,
    });
  });

  it('are files: folders, links and devices of that name are not', async () => {
    const archive = tar(
      { name: 'a', type: '2' },
      { name: 'b', type: '1' },
      { name: 'c', type: '5' },
      { name: 'd', type: '3' },
      json('e', 1),
    );
    expect(await files(archive, 'a', 'b', 'c', 'd', 'e')).toEqual({ e: 1 });
  });

  it('are the last of their name, and not beyond the end of the archive', async () => {
    expect(await files(tar(json('a', 1), json('a', 2)), 'a')).toEqual({ a: 2 });
    const beyond = Buffer.concat([tar(json('a', 1)), tar(json('a', 2), json('b', 3))]);
    expect(await files(beyond, 'a', 'b')).toEqual({ a: 1 });
  });

  it('are found in no time whatever follows the end of the archive', async () => {
    const archive = Buffer.concat([
      gzipSync(tar(json('a', 1))),
      ...Array(12).fill(gzipSync(Buffer.alloc(16 * MIB))),
    ]);
    expect(await files(archive, 'a')).toEqual({ a: 1 });
  });

  it('may have names of any kind, which are only compared', async () => {
    const names = ['../../etc/passwd', '/etc/passwd', '__proto__', 'constructor', 'a\\b', 'ä'];
    const archive = tar(...names.map((name) => json(name, name)));
    const found = (await files(archive, ...names)) as object;
    expect(Object.entries(found).sort()).toEqual(names.map((name) => [name, name]).sort());
  });

  it.each([
    ['no archive', Buffer.from('text '.repeat(500))],
    ['nothing', Buffer.alloc(0)],
    ['an archive cut within a file', openTar(json('a', 'x'.repeat(2000))).subarray(0, 1024)],
    ['an archive with damage', damaged(tar(json('a', 1), json('b', 2)), 1024 + 3)],
    ['an entry after zeros', Buffer.concat([openTar(json('a', 1)), Buffer.alloc(512), tar(json('a', 2))])],
    ['gzip that is cut', gzipSync(tar(json('a', 1))).subarray(0, -6)],
    ['gzip with damage', damaged(gzipSync(tar(json('a', 1))), -6)],
    ['zstd that is cut', zstdCompressSync(tar(json('a', 1))).subarray(0, -6)],
    ['zstd and more', Buffer.concat([zstdCompressSync(tar(json('a', 1))), Buffer.from('more and more')])],
    ['what is compressed twice', gzipSync(gzipSync(tar(json('a', 1))))],
  ])('of %s are undefined', async (_, content) => {
    expect(await files(content, 'a')).toBeUndefined();
  });

  it('that are too large are an error, and not left out', async () => {
    const rejects = (content: Buffer) =>
      expect(files(content, 'a', 'b', 'c', 'd', 'e')).rejects.toMatchObject({ code: 'CONTENT_TOO_LARGE' });
    const large = JSON.stringify('x'.repeat(15 * MIB));
    await rejects(gzipSync(tar({ name: 'a', content: Buffer.alloc(16 * MIB + 1) })));
    await rejects(gzipSync(openTar({ name: 'a', size: 2 ** 32, content: 'little' })));
    await rejects(gzipSync(tar(...['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, content: large })))));
    await rejects(gzipSync(tar({ name: 'a', content: `a: ${'x'.repeat(2 * MIB)}` })));
    const laughs = Array.from(
      { length: 9 },
      (_, at) => `a${at + 1}: &a${at + 1} [${Array(9).fill(`*a${at}`)}]`,
    );
    await rejects(tar({ name: 'a', content: ['a0: &a0 [ha]', ...laughs].join('\n') }));
  });

  it('of a bomb are an error, in bounded memory', async () => {
    const zeros = Buffer.alloc(16 * MIB);
    const piece = gzipSync(openTar({ name: 'zeros', content: zeros }));
    const bomb = Buffer.concat(Array(80).fill(piece));
    expect(bomb.length).toBeLessThan(2 * MIB);
    const before = process.memoryUsage().rss;
    await expect(files(bomb, 'a')).rejects.toMatchObject({ code: 'CONTENT_TOO_LARGE' });
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * MIB);
  }, 30_000);
});

function damaged(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const place = at < 0 ? copy.length + at : at;
  copy[place] = (copy[place] ?? 0) ^ 1;
  return copy;
}

function never(): never {
  throw new Error('not in this test');
}
