// Include and exclude read from the documentation a second time, slowly, to hold the product against.
import type { Matchable } from '../../../src/policy/matching.ts';

/** The rules of the documentation, applied to the criterion's text; slow, and shares nothing with the product. */
export function referenceWeight(criterion: string, result: Matchable, terms: readonly string[]): number {
  if (criterion.startsWith('@')) return result.collections.includes(criterion.slice(1)) ? 10 : 0;
  const [name = '', ...rest] = criterion.split(':');
  const term = rest.join(':');
  if (criterion.includes(':') && !terms.some((one) => one === term && one !== '')) return 0;
  const termWeight = criterion.includes(':') ? 100 : 0;
  if (name === '*') return 1 + termWeight;
  const path = (result.code ?? '').split('.');
  const rule = path.pop();
  const known = path.length === 0 ? [] : [path.join('.'), path[path.length - 1]];
  if (known.some((one) => name === `${one}.${rule}`)) return 110 + termWeight;
  return known.some((one) => name === one || name === `${one}.*`) ? 10 + termWeight : 0;
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
