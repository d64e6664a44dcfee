import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SourceFetcher } from '../../../src/policy/sources/source-fetcher.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';
import { selfSignedCertificate } from '../../support/tls.ts';
import { type GitRepository, gitRepository } from '../support/git-repository.ts';
import { serveGit } from '../support/git-server.ts';
import { never, type TestToolsOptions, testTools } from '../support/source-tools.ts';

let temp: TempDirectory;
let repository: GitRepository;
beforeEach(() => {
  temp = tempDirectory();
  repository = gitRepository(join(temp.path, 'origin'));
});
afterEach(() => temp.remove());

async function fetch(url: string, options: TestToolsOptions = {}, signal = never()) {
  await using tools = testTools({ ...options, environment: { TMPDIR: temp.path, ...options.environment } });
  return await new SourceFetcher(tools).fetch(url, signal);
}
const paths = ({ files }: { files: readonly { path: string }[] }) => files.map((file) => file.path);
const local = (rest = '') => `git::${repository.path}${rest}`;
const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('proofgate-git-'));

describe('what is fetched', () => {
  it('is the files of one commit, pinned to it', async () => {
    const commit = repository.commit({
      'policy/a.rego': 'package a',
      'policy/a_test.rego': 'package a_test',
      'policy/b/data.yaml': 'x: 1',
      'README.md': '#',
      'other/c.rego': 'package c',
    });
    const tree = await fetch(local('//policy'));
    expect(tree).toMatchObject({
      url: local('//policy'),
      pinned: `git::${repository.path}//policy?ref=${commit}`,
    });
    expect(tree.files.map(({ path, bytes }) => [path, bytes.toString()])).toEqual([
      ['a.rego', 'package a'],
      ['b/data.yaml', 'x: 1'],
    ]);
    expect(await fetch(tree.pinned)).toMatchObject({ fingerprint: tree.fingerprint, files: tree.files });
  });

  it('is HEAD, a branch, a tag or a commit, also one that no branch has any more', async () => {
    const first = repository.commit({ 'a.rego': 'package first' });
    repository.git('tag', '--annotate', '--message=v1', 'v1');
    const second = repository.commit({ 'a.rego': 'package second' });
    repository.git('branch', 'feature/x');
    repository.git('reset', '--quiet', '--hard', first);
    const third = repository.commit({ 'a.rego': 'package third' });
    repository.git('branch', '--delete', '--force', 'feature/x');
    repository.git('branch', 'feature/y', second);
    const contentOf = async (rest: string) => {
      const { files, pinned } = await fetch(local(rest));
      return [files[0]?.bytes.toString(), pinned.split('=')[1]];
    };
    expect(await contentOf('')).toEqual(['package third', third]);
    expect(await contentOf('?ref=v1')).toEqual(['package first', first]);
    expect(await contentOf('?ref=refs/tags/v1')).toEqual(['package first', first]);
    expect(await contentOf('?ref=feature/y')).toEqual(['package second', second]);
    repository.git('branch', '--delete', '--force', 'feature/y');
    expect(await contentOf(`?ref=${second}`)).toEqual(['package second', second]);
  });

  it('is a single file when the URL names one', async () => {
    repository.commit({ 'p/policy.yaml': 'sources: []', 'p/policy.yaml.bak/x.yaml': 'y: 1' });
    expect(paths(await fetch(local('//p/policy.yaml')))).toEqual(['policy.yaml']);
  });

  it('comes as it was committed: no filter, attribute or line ending changes it', async () => {
    repository.commit({
      'a.rego': 'package a\n',
      '.gitattributes': '*.rego text eol=crlf filter=evil export-subst',
    });
    expect((await fetch(local())).files[0]?.bytes.toString()).toBe('package a\n');
  });

  it('follows links to files in the commit, and only to those', async () => {
    repository.commit({ 'lib/a.rego': 'package a' });
    repository.link('policy/a.rego', '../lib/a.rego');
    repository.link('docs', 'lib');
    repository.commit({});
    expect((await fetch(local('//policy'))).files[0]?.bytes.toString()).toBe('package a');
    for (const target of ['/etc/passwd', '../../../../etc/passwd', 'missing.rego', 'evil.rego', '../lib']) {
      repository.link('policy/evil.rego', target);
      repository.commit({});
      await expect(fetch(local('//policy')), target).rejects.toMatchObject({ code: 'BAD_POLICY' });
      repository.git('rm', '--quiet', 'policy/evil.rego');
    }
  });

  it('leaves nothing behind', async () => {
    repository.commit({ 'a.rego': 'package a' });
    const before = leftovers();
    await fetch(local());
    await expect(fetch(local('?ref=none'))).rejects.toThrow();
    expect(leftovers()).toEqual(before);
  });
});

describe('what is not there', () => {
  it.each(['?ref=none', `?ref=${'1'.repeat(40)}`, '//none', '//a.rego/b', '?ref=v1.0//none'])(
    '%s is bad input, not a fault of the network',
    async (rest) => {
      repository.commit({ 'a.rego': 'package a' });
      repository.git('tag', 'v1.0');
      await expect(fetch(local(rest))).rejects.toMatchObject({ code: 'BAD_POLICY' });
    },
  );

  it('a folder without policies is not an empty policy', async () => {
    repository.commit({ 'docs/x.md': '#', 'docs/a_test.rego': 'package a' });
    await expect(fetch(local('//docs'))).rejects.toMatchObject({ code: 'BAD_POLICY' });
  });

  it('a path that is no repository is bad input', async () => {
    mkdirSync(join(temp.path, 'plain'));
    for (const path of ['plain', 'missing']) {
      const url = `git::${join(temp.path, path)}`;
      await expect(fetch(url)).rejects.toMatchObject({ code: 'BAD_POLICY' });
    }
  });

  it('a host that does not answer is undetermined', async () => {
    await expect(fetch('git::https://127.0.0.1:1/o/r')).rejects.toMatchObject({
      code: 'POLICY_UNAVAILABLE',
      kind: 'undetermined',
    });
  });

  it('a git program that is not there is undetermined', async () => {
    repository.commit({ 'a.rego': 'package a' });
    await expect(fetch(local(), { environment: { PATH: '/nonexistent' } })).rejects.toMatchObject({
      code: 'POLICY_UNAVAILABLE',
      message: expect.stringContaining('no git program'),
    });
  });
});

describe('bounds', () => {
  it('a file, all files and their number are bounded', async () => {
    repository.commit({ 'a.rego': 'x'.repeat(2000), 'b.rego': 'x'.repeat(2000), 'c.txt': 'y' });
    const code = { code: 'BAD_POLICY' };
    await expect(fetch(local(), { limits: { fileBytes: 1999 } })).rejects.toMatchObject(code);
    await expect(fetch(local(), { limits: { files: 2 } })).rejects.toMatchObject(code);
    expect(paths(await fetch(local(), { limits: { fileBytes: 2000, files: 3 } }))).toEqual([
      'a.rego',
      'b.rego',
    ]);
  });

  it('the end of the run ends git and all that it has started', async () => {
    const script = fakeGit('sleep 600 & echo $! > "$PIDS/child"; echo $$ > "$PIDS/git"; wait');
    const controller = new AbortController();
    const environment = { PATH: `${script}:${process.env.PATH}`, PIDS: temp.path };
    const fetching = fetch(local(), { environment }, controller.signal);
    const child = await waitForFile(join(temp.path, 'git')).then(() => pid('child'));
    controller.abort(new Error('the end'));
    await expect(fetching).rejects.toThrow('the end');
    await expect.poll(() => isRunning(child)).toBe(false);
  });

  it('a program that takes too long is undetermined, and ended', async () => {
    const script = fakeGit('echo $$ > "$PIDS/git"; exec sleep 600');
    const environment = { PATH: `${script}:${process.env.PATH}`, PIDS: temp.path };
    const fetching = fetch(local(), { environment, limits: { fetchMs: 300 } });
    await expect(fetching).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE' });
    await expect.poll(() => isRunning(pid('git'))).toBe(false);
  });

  it('a program that writes more than a source may have is stopped', async () => {
    const script = fakeGit(
      'case "$*" in *fetch*) dd if=/dev/zero of="$GIT_DIR/pack" bs=1M count=64 status=none; sleep 20;; esac',
    );
    const environment = { PATH: `${script}:${process.env.PATH}` };
    const limits = { sourceBytes: 1024 * 1024 };
    await expect(fetch(local(), { environment, limits })).rejects.toMatchObject({
      code: 'BAD_POLICY',
      message: expect.stringContaining('transfers more than'),
    });
  });
});

describe('who else could act', () => {
  it('nothing of the environment or of a configuration runs a program or speaks another protocol', async () => {
    repository.commit({ 'a.rego': 'package a' });
    const ran = join(temp.path, 'ran');
    const evil = join(temp.path, 'evil');
    writeFileSync(evil, `#!/bin/sh\ntouch ${ran}\n`);
    chmodSync(evil, 0o755);
    const home = join(temp.path, 'home');
    mkdirSync(join(home, 'hooks'), { recursive: true });
    for (const hook of ['reference-transaction', 'post-checkout', 'pre-auto-gc', 'post-merge']) {
      writeFileSync(join(home, 'hooks', hook), `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 });
    }
    writeFileSync(
      join(home, '.gitconfig'),
      `[core]\nhooksPath=${home}/hooks\nfsmonitor=${evil}\n[protocol]\nallow=always\n[url "ext::${evil} "]\ninsteadOf=https://ext.test/\n`,
    );
    const environment = {
      HOME: home,
      GIT_DIR: repository.path,
      GIT_EXTERNAL_DIFF: evil,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor',
      GIT_CONFIG_VALUE_0: evil,
      GIT_TEMPLATE_DIR: home,
      GIT_PROTOCOL_FROM_USER: '1',
      GIT_ALLOW_PROTOCOL: 'ext',
    };
    expect(paths(await fetch(local(), { environment }))).toEqual(['a.rego']);
    await expect(fetch('git::https://ext.test/x', { environment })).rejects.toMatchObject({
      code: 'POLICY_UNAVAILABLE',
    });
    expect(existsSync(ran)).toBe(false);
  });

  it('git gets no keys to other services, and cannot ask questions', async () => {
    const script = fakeGit('env > "$PIDS/env"; exit 1');
    const environment = {
      PATH: `${script}:${process.env.PATH}`,
      PIDS: temp.path,
      ACTIONS_RUNTIME_TOKEN: 'secret',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret',
      GIT_SSL_NO_VERIFY: '1',
    };
    await expect(fetch(local(), { environment })).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE' });
    const seen = readFileSync(join(temp.path, 'env'), 'utf8');
    expect(seen).not.toMatch(/secret|GIT_SSL_NO_VERIFY/);
    expect(seen).toMatch(/^GIT_TERMINAL_PROMPT=0$/m);
    expect(seen).toMatch(/^GIT_ALLOW_PROTOCOL=file$/m);
  });

  it('what git says is shown without credentials', async () => {
    const script = fakeGit(
      'case "$*" in *fetch*) echo "fatal: https://u:secret@h.test/: no" >&2; exit 128;; esac',
    );
    const failing = fetch('git::h.test/o/r', { environment: { PATH: `${script}:${process.env.PATH}` } });
    await expect(failing).rejects.toMatchObject({ message: expect.stringContaining('https://h.test/: no') });
  });

  it('offline starts no program', async () => {
    const script = fakeGit('touch "$PIDS/ran"');
    const environment = { PATH: `${script}:${process.env.PATH}`, PIDS: temp.path };
    await expect(fetch('github.com/o/r', { environment, offline: true })).rejects.toMatchObject({
      code: 'POLICY_UNAVAILABLE',
      message: expect.stringContaining('offline'),
    });
    expect(existsSync(join(temp.path, 'ran'))).toBe(false);
  });
});

describe('over https', () => {
  it('one commit is fetched, and its certificate is checked', async () => {
    const tls = await selfSignedCertificate();
    await using server = await serveGit(temp.path, tls);
    repository.commit({ 'old.json': randomBytes(1024 * 1024) });
    repository.git('rm', '--quiet', 'old.json');
    const commit = repository.commit({ 'a.rego': 'package a' });
    const ca = temp.write('ca.pem', tls.cert);
    const url = `git::${server.host}/origin/.git//?ref=main`;
    const tree = await fetch(url, { environment: { GIT_SSL_CAINFO: ca } });
    expect(tree.pinned).toBe(`git::${server.host}/origin/.git?ref=${commit}`);
    expect(tree.files[0]?.bytes.toString()).toBe('package a');
    expect(server.sentBytes, 'history stays where it is').toBeLessThan(100_000);
    temp.write('.gitconfig', '[http]\nsslVerify=false\n');
    const careless = { HOME: temp.path, GIT_SSL_NO_VERIFY: '1' };
    await expect(fetch(url, { environment: careless })).rejects.toMatchObject({
      code: 'POLICY_UNAVAILABLE',
    });
    await expect(
      fetch(`git::${server.host}/origin/.git?ref=none`, { environment: { GIT_SSL_CAINFO: ca } }),
    ).rejects.toMatchObject({ code: 'BAD_POLICY' });
  });

  it('a server that throttles is undetermined, not a wrong policy', async () => {
    const tls = await selfSignedCertificate();
    await using server = await serveGit(temp.path, tls, 429);
    const environment = { GIT_SSL_CAINFO: temp.write('ca.pem', tls.cert) };
    const failing = fetch(`git::${server.host}/origin/.git`, { environment });
    await expect(failing).rejects.toMatchObject({
      code: 'POLICY_UNAVAILABLE',
      message: expect.stringContaining('429'),
    });
  });
});

/** A folder with a `git` that runs this, and otherwise ends well. */
function fakeGit(script: string): string {
  const folder = join(temp.path, 'bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

const pid = (name: string) => Number(readFileSync(join(temp.path, name), 'utf8'));
const waitForFile = (path: string) =>
  expect.poll(() => existsSync(path) && readFileSync(path, 'utf8')).toMatch(/\d\n/);

function isRunning(process_: number): boolean {
  try {
    process.kill(process_, 0);
    return !readFileSync(`/proc/${process_}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
