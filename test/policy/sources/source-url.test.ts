import { describe, expect, it } from 'vitest';
import { pinGitUrl } from '../../../src/policy/sources/git-url.ts';
import { showUrl } from '../../../src/policy/sources/source-text.ts';
import { parseSourceUrl } from '../../../src/policy/sources/source-url.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const COMMIT = 'b'.repeat(40);
const bad = (text: string) => {
  try {
    return parseSourceUrl(text);
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const git = (remote: string, rest: object = {}) => ({
  type: 'git',
  remote,
  isLocal: false,
  ref: undefined,
  folder: '',
  ...rest,
});

describe('a source in a registry', () => {
  const image = { registry: 'quay.io', name: 'org/policy' };
  it.each([
    ['oci::quay.io/org/policy:v1', { repository: image, tag: 'v1' }],
    ['OCI::quay.io/org/policy', { repository: image, tag: 'latest' }],
    [`oci://quay.io/org/policy@${DIGEST}`, { repository: image, digest: DIGEST }],
    [`oci::https://quay.io/org/policy:v1@${DIGEST}`, { repository: image, tag: 'v1', digest: DIGEST }],
    ['quay.io/org/policy:v1', { repository: image, tag: 'v1' }],
    ['us.gcr.io/p/x', { repository: { registry: 'us.gcr.io', name: 'p/x' }, tag: 'latest' }],
    ['127.0.0.1:5000/p/x', { repository: { registry: '127.0.0.1:5000', name: 'p/x' }, tag: 'latest' }],
    ['localhost:5000/p', { repository: { registry: 'localhost:5000', name: 'p' }, tag: 'latest' }],
  ])('%s', (text, reference) => {
    expect(parseSourceUrl(text)).toEqual({ type: 'oci', reference });
  });

  it('is not taken for a folder of that name, whoever put one there', () => {
    expect(parseSourceUrl('quay.io/org/policy').type).toBe('oci');
    expect(parseSourceUrl('./quay.io/org/policy')).toEqual({ type: 'local', path: './quay.io/org/policy' });
  });

  it.each(['oci::quay.io/Org/Policy', 'oci::', 'oci::quay.io/x@sha256:12', 'oci::quay.io/org/x//folder'])(
    '%s is no image',
    (text) => expect(bad(text)).toBe('BAD_POLICY'),
  );
});

describe('a git repository', () => {
  it.each([
    ['git::https://h.test/o/r', git('https://h.test/o/r')],
    ['git::h.test/o/r.git//sub/x?ref=main', git('https://h.test/o/r.git', { folder: 'sub/x', ref: 'main' })],
    ['git::h.test/o/r?ref=v1//late', git('https://h.test/o/r', { folder: 'late', ref: 'v1' })],
    ['github.com/o/r//policy?ref=a%2Fb', git('https://github.com/o/r', { folder: 'policy', ref: 'a/b' })],
    ['https://gitlab.com/o/r', git('https://gitlab.com/o/r')],
    ['https://h.test/o/r.git?depth=1', git('https://h.test/o/r.git')],
    ['git@h.test:o/r', git('git@h.test:o/r')],
    ['git::ssh://git@h.test:22/o/r//f', git('ssh://git@h.test:22/o/r', { folder: 'f' })],
    ['git::file:///srv/r//f', git('/srv/r', { isLocal: true, folder: 'f' })],
    ['git::./r?ref=x', git('./r', { isLocal: true, ref: 'x' })],
    ['/srv/r.git//a', git('/srv/r.git', { isLocal: true, folder: 'a' })],
  ])('%s', (text, expected) => {
    expect(parseSourceUrl(text)).toEqual(expected);
  });

  it('pinned is a URL that means the same, and one commit of it', () => {
    for (const text of [
      'git::h.test:8443/o/r//a/b?ref=main',
      'git@h.test:o/r//f',
      'git::/srv/r',
      'git::ssh://g@h.test/r',
    ]) {
      const source = parseSourceUrl(text);
      if (source.type !== 'git') throw new Error('not git');
      expect(parseSourceUrl(pinGitUrl(source, COMMIT))).toEqual({ ...source, ref: COMMIT });
    }
    const source = parseSourceUrl('github.com/o/r?ref=main//late');
    expect(source.type === 'git' && pinGitUrl(source, COMMIT)).toBe(
      `git::github.com/o/r//late?ref=${COMMIT}`,
    );
  });

  it.each([
    'git::--upload-pack=touch',
    'git::-oProxyCommand=x/y.git',
    'git::ssh://-oProxyCommand=touch/x',
    'git::ssh://-x@h.test/r',
    'git::git@-h.test:r',
    'git::git@h.test:-r',
    'git::h.test/o/r?ref=--upload-pack=touch',
    'git::h.test/o/r?ref=-x',
    'git::h.test/o/r?ref=+refs/heads/main',
    'git::h.test/o/r?ref=main:refs/heads/x',
    'git::h.test/o/r?ref=a..b',
    'git::h.test/o/r?ref=a%0Ab',
    'git::h.test/o/r?ref=',
    'git::h.test/o/r?ref=a&ref=b',
    'git::h.test/o/r?sshkey=AAAA',
    'git::h.test/o/r?ref=%zz',
    'git::h.test/o/r//../../etc',
    'git::h.test/o/r//a\\..\\b',
    'git::h.test/o/r//a?ref=x//b',
    'git::h.test/o/r#main',
    'git::ext::sh -c touch% /tmp/x',
    'git::fd::17/foo',
    'git::file://other/srv/r',
    'git::',
    'git::https://user:secret@h.test/r',
    'git::https://token@h.test/r',
    'git::ssh://git:secret@h.test/r',
  ])('%s is refused', (text) => expect(bad(text)).toBe('BAD_POLICY'));
});

describe('https, files and everything else', () => {
  it.each([
    ['https://h.test/p.tar.gz//in/it?token=x', 'https://h.test/p.tar.gz?token=x', 'in/it'],
    ['https://h.test/a/b.rego', 'https://h.test/a/b.rego', ''],
  ])('%s', (text, url, folder) => {
    expect(parseSourceUrl(text)).toEqual({ type: 'https', url: new URL(url), folder });
  });

  it.each([
    ['file::/srv/p', '/srv/p'],
    ['file:///srv/p', '/srv/p'],
    ['file::./p', './p'],
    ['policy/lib', 'policy/lib'],
    ['../p', '../p'],
    ['C:\\policies', 'C:\\policies'],
  ])('%s', (text, path) => {
    expect(parseSourceUrl(text)).toEqual({ type: 'local', path });
  });

  it.each([
    'http://h.test/p.rego',
    'HTTP://h.test/p.rego',
    'http::h.test/p.rego',
    'git::http://h.test/r',
    'Git::HTTP://h.test/r',
    'git://h.test/r',
    'git::git://h.test/r',
    'oci::http://127.0.0.1:5000/p',
    'OCI::HTTP://quay.io/p',
    'ftp://h.test/p',
  ])('%s is insecure', (text) => {
    expect(() => parseSourceUrl(text)).toThrow(/insecure/);
  });

  it.each([
    '',
    's3::https://b.test/x',
    'hg::h.test/r',
    'ssh://',
    'x://y',
    'https://u:p@h.test/x',
    'a\nb',
    'file::',
  ])('%j is refused', (text) => expect(bad(text)).toBe('BAD_POLICY'));

  it('shows no credentials, in errors neither', () => {
    expect(showUrl('git::https://user:secret@h.test/r?ref=main&sshkey=secret')).toBe(
      'git::https://h.test/r?ref=main&sshkey=REDACTED',
    );
    for (const text of [
      'git::https://u:secret@h.test/r',
      `https://u:secret${'x'.repeat(400)}@h.test/x`,
      'https://secret@h.test/x',
      'git::ssh://g:secret@h.test/r',
    ]) {
      expect(() => parseSourceUrl(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('secret') }),
      );
    }
  });
});
