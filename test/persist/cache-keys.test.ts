import { describe, expect, it } from 'vitest';
import { classifyHit, restoreKeys, saveKey } from '../../src/persist/cache-keys.ts';

const IDENTITY = { family: ['a.test', 'b.test'], release: ['a.test/x@1', 'b.test/y@2'] };

describe('the key of an archive', () => {
  it('begins with what a later run of the same release asks for', () => {
    const [release, family] = restoreKeys(IDENTITY);
    const key = saveKey(IDENTITY, ['proof']);
    expect(key.startsWith(release)).toBe(true);
    expect(release.startsWith(family)).toBe(true);
  });

  it('takes its parts as sets', () => {
    const other = { family: ['b.test', 'a.test', 'a.test'], release: ['b.test/y@2', 'a.test/x@1'] };
    expect(saveKey(other, ['q', 'p', 'q'])).toBe(saveKey(IDENTITY, ['p', 'q']));
  });

  it('is another one for newer content, for another release and for another family', () => {
    const keys = [
      saveKey(IDENTITY, ['p']),
      saveKey(IDENTITY, ['p2']),
      saveKey({ ...IDENTITY, release: ['a.test/x@1'] }, ['p']),
      saveKey({ ...IDENTITY, family: ['a.test'] }, ['p']),
      // Joined, these would be the list that IDENTITY has.
      saveKey({ ...IDENTITY, release: ['a.test/x@1,b.test/y@2'] }, ['p']),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('has one length and the characters that the service takes, whatever goes in', () => {
    const big = Array.from({ length: 5000 }, (_, index) => `registry.test/${index},${'x'.repeat(100)}`);
    const keys = [saveKey({ family: [], release: [] }, []), saveKey({ family: big, release: big }, big)];
    for (const key of keys) expect(key).toMatch(/^proofgate-v1-[0-9a-f]{32}-[0-9a-f]{32}-[0-9a-f]{32}$/);
  });
});

describe('what the service found', () => {
  const [release, family] = restoreKeys(IDENTITY);
  it.each([
    ['an archive of this release', saveKey(IDENTITY, ['p']), 'full'],
    ['an archive of another release', saveKey({ ...IDENTITY, release: [] }, ['p']), 'partial'],
    ['the beginning of a key', release, 'partial'],
    ['a longer name', `${saveKey(IDENTITY, ['p'])}0`, 'partial'],
    ['the family alone', family, 'partial'],
    ['something unrelated', 'node-modules-1', 'partial'],
    ['nothing', undefined, 'none'],
  ] as const)('%s is %3$s', (_, matched, expected) => {
    expect(classifyHit(IDENTITY, matched)).toBe(expected);
  });
});
