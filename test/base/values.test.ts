import { expect, test } from 'vitest';
import { ERROR_KINDS, ProofgateError, toProofgateError } from '../../src/base/errors.ts';
import { canonicalJson, fingerprint, type Json } from '../../src/base/fingerprint.ts';
import { redactUrl } from '../../src/base/redaction.ts';

test('equal values have equal fingerprints, whatever the order of their keys', () => {
  expect(fingerprint({ a: 1, b: [true, null] })).toBe(fingerprint({ b: [true, null], a: 1 }));
  expect(canonicalJson({ b: 'x', a: { d: 1, c: 2 } })).toBe('{"a":{"c":2,"d":1},"b":"x"}');
});

test('different values have different fingerprints, also where delimiters would collide', () => {
  const values: Json[] = [
    ['a', 'b'],
    ['a,b'],
    ['ab'],
    'ab',
    ['a', ['b']],
    { a: 'b' },
    [{ a: 'b' }],
    [],
    {},
    '',
    null,
    0,
  ];
  values.push(['1'], [1], { 'a":"b': '' });
  expect(new Set(values.map(fingerprint)).size).toBe(values.length);
});

test('a URL is printed without user, password, fragment and unknown parameters', () => {
  const url =
    'https://bob:hunter2@host/v2/x?scope=repository%3Ax%3Apull&X-Amz-Signature=abc&sig=1&sig=2#frag';
  expect(redactUrl(url)).toBe(
    'https://host/v2/x?scope=repository%3Ax%3Apull&X-Amz-Signature=REDACTED&sig=REDACTED',
  );
  expect(redactUrl('no url, hunter2')).not.toContain('hunter2');
});

test('redaction does not change the URL that it is given', () => {
  const url = new URL('https://bob:hunter2@host/?sig=1');
  redactUrl(url);
  expect(url.href).toBe('https://bob:hunter2@host/?sig=1');
});

test('every code has a kind, and an error knows it', () => {
  expect(new ProofgateError('THROTTLED', 'x').kind).toBe('undetermined');
  expect(new ProofgateError('NO_SIGNATURE', 'x').kind).toBe('rejected');
  expect(new Set(Object.values(ERROR_KINDS))).toEqual(new Set(['usage', 'rejected', 'undetermined']));
});

test('what nobody foresaw is undetermined, never a pass', () => {
  for (const thrown of [new TypeError('x is undefined'), 'text', undefined, null]) {
    expect(toProofgateError(thrown)).toMatchObject({ code: 'INTERNAL', kind: 'undetermined' });
  }
  const own = new ProofgateError('TIMEOUT', 'x', { cause: 'why', hint: 'wait' });
  expect(toProofgateError(own)).toBe(own);
  expect(own).toMatchObject({ cause: 'why', hint: 'wait', name: 'ProofgateError' });
});
