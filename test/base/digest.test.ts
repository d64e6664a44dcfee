import { expect, test } from 'vitest';
import {
  DigestStream,
  digestAlgorithm,
  digestHex,
  digestOf,
  isDigest,
  matchesDigest,
  parseDigest,
} from '../../src/base/digest.ts';

const EMPTY_SHA256 = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('hashing gives a digest that parses to itself', () => {
  expect(digestOf('')).toBe(EMPTY_SHA256);
  expect(parseDigest(EMPTY_SHA256)).toBe(EMPTY_SHA256);
  expect(parseDigest(digestOf('x', 'sha512'))).toHaveLength(7 + 128);
  expect([digestAlgorithm(digestOf('x', 'sha512')), digestHex(digestOf(''))]).toEqual([
    'sha512',
    EMPTY_SHA256.slice(7),
  ]);
});

test.each([
  '',
  'sha256:',
  EMPTY_SHA256.toUpperCase(),
  EMPTY_SHA256.slice(0, -1),
  `${EMPTY_SHA256}0`,
  `${EMPTY_SHA256}\n`,
  ` ${EMPTY_SHA256}`,
  EMPTY_SHA256.replace('sha256', 'sha512'),
  EMPTY_SHA256.replace('sha256', 'md5'),
])('%j is no digest', (text) => {
  expect(isDigest(text)).toBe(false);
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'BAD_DIGEST' }));
});

test('bytes match their own digest only', () => {
  expect(matchesDigest(Buffer.from('a'), digestOf('a', 'sha512'))).toBe(true);
  expect(matchesDigest(Buffer.from('b'), digestOf('a'))).toBe(false);
});

test('a stream of parts has the digest of the whole', () => {
  const stream = new DigestStream('sha256');
  for (const part of ['pro', '', 'of']) stream.update(Buffer.from(part));
  expect(stream.digest()).toBe(digestOf('proof'));
});
