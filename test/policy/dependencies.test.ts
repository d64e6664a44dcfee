import { describe, expect, it } from 'vitest';
import { consequencesOf, type Dependent } from '../../src/policy/dependencies.ts';

/** `a<b,c`: a depends on b and c. */
function left(...written: readonly string[]): readonly string[] {
  const reported: Dependent[] = written.map((text) => {
    const [code = '', dependsOn = ''] = text.split('<');
    return { ...(code ? { code } : {}), dependsOn: dependsOn.split(',').filter(Boolean) };
  });
  const isConsequence = consequencesOf(reported);
  return reported.filter((result) => !isConsequence(result)).map((result) => result.code ?? '');
}

describe('a result that depends on others', () => {
  it.each([
    ['is left out when that was reported', ['a', 'b<a'], ['a']],
    ['is kept when that was not reported', ['b<a'], ['b']],
    ['is left out when that was left out in turn', ['a', 'b<a', 'c<b'], ['a']],
    ['is kept, once, when one of several was not reported', ['a', 'b<a,x'], ['a', 'b']],
    ['is left out when all of several were reported', ['a', 'b', 'c<a,b'], ['a', 'b']],
    ['is kept when it depends on itself', ['a<a'], ['a']],
    ['is kept when both depend on each other', ['a<b', 'b<a'], ['a', 'b']],
    ['is kept in a ring of three', ['a<b', 'b<c', 'c<a'], ['a', 'b', 'c']],
    ['is left out when it hangs on a ring', ['a<b', 'b<a', 'c<a'], ['a', 'b']],
    ['is kept when it has no code', ['a', '<x'], ['a', '']],
    ['is left out every time', ['a', 'b<a', 'b<a'], ['a']],
  ] as const)('%s', (_title, written, expected) => {
    expect(left(...written)).toEqual(expected);
  });

  it('never leaves nothing of something, whatever depends on what', () => {
    let state = 7;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let trimmed = 0;
    for (let round = 0; round < 3_000; round += 1) {
      const written = Array.from({ length: 1 + random(6) }, (_, index) => {
        const others = Array.from({ length: random(3) }, () => 'abcdef'[random(6)]);
        return `${'abcdef'[index]}<${others.join(',')}`;
      });
      const kept = left(...written);
      expect({ written, kept: kept.length }).not.toEqual({ written, kept: 0 });
      if (kept.length < written.length) trimmed += 1;
    }
    expect(trimmed).toBeGreaterThan(500);
  });
});
