import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SourceFetcher } from '../../../src/policy/sources/source-fetcher.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';
import { never, type TestToolsOptions, testTools } from '../support/source-tools.ts';

let temp: TempDirectory;
beforeEach(() => {
  temp = tempDirectory();
  for (const folder of ['p', 'p/sub', 'p/.git']) mkdirSync(join(temp.path, folder));
  temp.write('outside.rego', 'package outside');
  temp.write('p/b.rego', 'package b');
  temp.write('p/a_test.rego', 'package a');
  temp.write('p/sub/a.rego', 'package a');
  temp.write('p/sub/x.yaml', 'x: 1');
  temp.write('p/.git/config.json', '{}');
});
afterEach(() => temp.remove());

async function fetch(path: string, options: TestToolsOptions = {}) {
  await using tools = testTools(options);
  return await new SourceFetcher(tools).fetch(path, never());
}
const bad = { code: 'BAD_POLICY', kind: 'usage' };
const place = (name: string) => join(temp.path, name);

it('a folder is its policies and data, sorted, whatever is offline', async () => {
  for (const url of [place('p'), `file::${place('p')}`, `file://${place('p')}/`]) {
    const tree = await fetch(url, { offline: true });
    expect(tree.files.map((file) => file.path)).toEqual(['b.rego', 'sub/a.rego', 'sub/x.yaml']);
    expect(tree.pinned).toMatch(/^file::/);
  }
});

it('a file is itself', async () => {
  const tree = await fetch(place('p/sub/x.yaml'));
  expect(tree.files.map(({ path, bytes }) => [path, bytes.toString()])).toEqual([['x.yaml', 'x: 1']]);
});

it('the fingerprint is that of names and bytes', async () => {
  const before = (await fetch(place('p'))).fingerprint;
  expect((await fetch(place('p'))).fingerprint).toBe(before);
  writeFileSync(place('p/b.rego'), 'package c');
  expect((await fetch(place('p'))).fingerprint).not.toBe(before);
});

it('links may lead to files inside, not outside, and the folder itself may be one', async () => {
  symlinkSync('sub/a.rego', place('p/link.rego'));
  symlinkSync('p', place('alias'));
  symlinkSync('..', place('p/sub/loop'));
  expect((await fetch(place('alias'))).files.map((file) => file.path)).toContain('link.rego');
  for (const target of ['../outside.rego', '/etc/hostname', 'missing.rego', '../p-other.rego']) {
    temp.write('p-other.rego', 'package other');
    symlinkSync(target, place('p/evil.rego'));
    await expect(fetch(place('p')), target).rejects.toMatchObject(bad);
    execFileSync('rm', [place('p/evil.rego')]);
  }
});

it('a pipe or device in place of a file is refused, and waited for by nobody', async () => {
  execFileSync('mkfifo', [place('p/pipe.rego')]);
  await expect(fetch(place('p'))).rejects.toMatchObject(bad);
  await expect(fetch('/dev/zero')).rejects.toMatchObject(bad);
});

it('what is not there, cannot be read or has nothing of use is bad input', async () => {
  mkdirSync(place('empty'));
  for (const path of ['missing', 'empty', 'p/.git/none']) {
    await expect(fetch(place(path)), path).rejects.toMatchObject(bad);
  }
});

it('sizes, numbers and depth are bounded', async () => {
  await expect(fetch(place('p'), { limits: { fileBytes: 8 } })).rejects.toMatchObject(bad);
  await expect(fetch(place('p'), { limits: { sourceBytes: 20 } })).rejects.toMatchObject(bad);
  await expect(fetch(place('p'), { limits: { files: 4 } })).rejects.toMatchObject(bad);
  mkdirSync(place('p/1/2/3/4'), { recursive: true });
  writeFileSync(place('p/1/2/3/4/a.rego'), 'package a');
  await expect(fetch(place('p'), { limits: { depth: 4 } })).rejects.toMatchObject(bad);
  expect((await fetch(place('p'), { limits: { depth: 5 } })).files).toHaveLength(4);
});
