import { expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { formatReference, formatRepository, parseReference, pinned } from '../../src/oci/reference.ts';

const D = digestOf('image');
const D512 = digestOf('image', 'sha512');

test.each([
  ['alpine', 'docker.io/library/alpine:latest'],
  ['bob/app:1', 'docker.io/bob/app:1'],
  ['docker.io/alpine', 'docker.io/library/alpine:latest'],
  ['index.docker.io/library/alpine:3', 'docker.io/library/alpine:3'],
  ['registry-1.docker.io/bob/app', 'docker.io/bob/app:latest'],
  ['quay.io/a/b/c.d__e-f--g:v1.0_x', 'quay.io/a/b/c.d__e-f--g:v1.0_x'],
  ['QUAY.io/a', 'quay.io/a:latest'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/app', 'localhost:5000/app:latest'],
  ['localhost:5000/app:v1', 'localhost:5000/app:v1'],
  ['host:5000/app', 'host:5000/app:latest'],
  ['[::1]:5000/app:v1', '[::1]:5000/app:v1'],
  ['[2001:DB8::1]/app', '[2001:db8::1]/app:latest'],
  [`quay.io/a@${D}`, `quay.io/a@${D}`],
  [`quay.io/a:v1@${D}`, `quay.io/a:v1@${D}`],
  [`alpine@${D512}`, `docker.io/library/alpine@${D512}`],
])('%s is %s', (text, formatted) => {
  const reference = parseReference(text);
  expect(formatReference(reference)).toBe(formatted);
  expect(parseReference(formatted)).toEqual(reference);
});

test('a reference by digest has no tag that nobody gave', () => {
  expect(parseReference(`quay.io/a@${D}`)).toEqual({
    repository: { registry: 'quay.io', name: 'a' },
    digest: D,
  });
});

test.each([
  '',
  ' alpine',
  'alpine ',
  'alpine\n',
  ':latest',
  'alpine:',
  'alpine:-x',
  `alpine:${'x'.repeat(129)}`,
  'alpine@',
  'alpine@sha256:abc',
  `alpine@${D}x`,
  `alpine@${D}@${D}`,
  `@${D}`,
  'https://quay.io/a',
  'Alpine',
  'quay.io/Team/app',
  'quay.io/',
  'quay.io/a//b',
  'quay.io/a/../b',
  'quay.io/a/./b',
  'quay.io/_a',
  'quay.io/a_',
  'quay.io/a___b',
  'quay.io/a?x=1',
  'quay.io/a#x',
  'quay.io/%2e%2e/b',
  'bob:pw@quay.io/a',
  'quay.io:/a',
  'quay.io:0/a',
  'quay.io:65536/a',
  'quay.io:1:2/a',
  '-quay.io/a',
  'quay..io/a',
  '[::1/a',
  '[::g]:5000/a',
  '[fe80::1%eth0]/a',
  `quay.io/${'a'.repeat(256)}`,
  `quay.io/${'a/'.repeat(2_000)}a`,
  'quay.io/ａ',
])('%j is no reference', (text) => {
  expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'BAD_REFERENCE' }));
});

test('a reference made to be slow is refused in no time', () => {
  const started = performance.now();
  expect(() => parseReference(`quay.io/${'a-'.repeat(500)}!`)).toThrow();
  expect(() => parseReference(`${'a.'.repeat(500)}!/x`)).toThrow();
  expect(performance.now() - started).toBeLessThan(200);
});

test('a repository is pinned to a digest', () => {
  const { repository } = parseReference('quay.io/a:v1');
  expect([formatRepository(repository), pinned(repository, D)]).toEqual(['quay.io/a', `quay.io/a@${D}`]);
});
