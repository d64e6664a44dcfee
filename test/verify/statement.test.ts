import { describe, expect, it } from 'vitest';
import { isSubject, parseStatement } from '../../src/verify/statement.ts';
import { codeOf, DIGEST } from './support/world.ts';

const HEX = DIGEST.slice('sha256:'.length);
const GOOD = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'app', digest: { sha256: HEX } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: { buildDefinition: {} },
};
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('in-toto statements', () => {
  it.each(['v0.1', 'v1'])('%s is read', (version) => {
    const type = `https://in-toto.io/Statement/${version}`;
    const statement = parseStatement(bytes({ ...GOOD, _type: type, extra: 1 }));
    expect(statement).toMatchObject({ type, predicateType: GOOD.predicateType, predicate: GOOD.predicate });
    expect(statement.json).toMatchObject({ extra: 1 });
    expect(isSubject(statement, DIGEST)).toBe(true);
  });

  it('a subject needs no name, and a predicate need not be there', () => {
    const { predicate: _, ...bare } = GOOD;
    const statement = parseStatement(bytes({ ...bare, subject: [{ digest: { sha256: HEX } }] }));
    expect(statement.subject).toEqual([{ digest: { sha256: HEX } }]);
    expect(statement.predicate).toBeUndefined();
  });

  it.each([
    ['under another algorithm', { sha512: HEX }],
    ['in upper case', { sha256: HEX.toUpperCase() }],
    ['with more behind it', { sha256: `${HEX}0` }],
  ])('a digest %s is not the subject', (_, digest) => {
    const subject = [{ name: 'app', digest: { other: 'x', ...digest } }];
    expect(isSubject(parseStatement(bytes({ ...GOOD, subject })), DIGEST)).toBe(false);
  });

  it('a `__proto__` member is no subject and reaches no prototype', () => {
    const evil = `"__proto__":{"sha256":"${HEX}"}`;
    const text = JSON.stringify(GOOD).replace(`"sha256":"${HEX}"`, evil).replace('{', `{${evil},`);
    expect(text).toContain(`"digest":{${evil}}`);
    expect(isSubject(parseStatement(bytes(text)), DIGEST)).toBe(false);
    expect(({} as { sha256?: string }).sha256).toBeUndefined();
  });

  it.each([
    ['no JSON', '{'],
    ['an array', []],
    ['null', 'null'],
    ['another type', { ...GOOD, _type: 'https://in-toto.io/Statement/v2' }],
    ['no predicate type', { ...GOOD, predicateType: '' }],
    ['no subject', { ...GOOD, subject: [] }],
    ['a subject without digest', { ...GOOD, subject: [{ name: 'app' }] }],
    ['a digest that is no text', { ...GOOD, subject: [{ digest: { sha256: 1 } }] }],
    ['too many subjects', { ...GOOD, subject: Array.from({ length: 10_001 }, () => GOOD.subject[0]) }],
    [
      'a predicate that nests without end',
      JSON.stringify(GOOD).replace('{}', `${'['.repeat(200)}${']'.repeat(200)}`),
    ],
    ['bytes that are no UTF-8', Buffer.concat([bytes('{"a":"'), Buffer.of(0xff), bytes('"}')])],
  ])('%s is invalid', async (_, value) => {
    const payload = Buffer.isBuffer(value) ? value : bytes(value);
    expect(await codeOf(() => parseStatement(payload))).toBe('STATEMENT_INVALID');
  });

  it('brackets inside of texts are no nesting', () => {
    const predicate = { text: `${'['.repeat(1000)}\\"${'{'.repeat(1000)}` };
    expect(parseStatement(bytes({ ...GOOD, predicate })).predicate).toEqual(predicate);
  });
});
