// How include and exclude criteria meet rules and results: which ones match, and how much each weighs.
// https://conforma.dev/docs/cli/configuration.html#_including_and_excluding_rules

/** What criteria are held against. */
export interface Matchable {
  readonly code?: string;
  readonly collections: readonly string[];
}

/** Criterion → its weight, for all criteria without a term that match. */
export type Matchers = ReadonlyMap<string, number>;

const ANY_WEIGHT = 1;
const PACKAGE_WEIGHT = 10;
const COLLECTION_WEIGHT = 10;
const RULE_WEIGHT = 110;
const TERM_WEIGHT = 100;

/** A package goes by its whole path or by the last part of it. */
export function toMatchers({ code = '', collections }: Matchable): Matchers {
  const matchers = new Map([['*', ANY_WEIGHT]]);
  const parts = code.split('.');
  const rule = parts.at(-1) ?? '';
  const packages = parts.length < 2 ? [] : [parts.at(-2) ?? '', parts.slice(0, -1).join('.')];
  for (const name of packages.filter((one) => one !== '')) {
    raise(matchers, name, PACKAGE_WEIGHT);
    raise(matchers, `${name}.*`, PACKAGE_WEIGHT);
    raise(matchers, `${name}.${rule}`, RULE_WEIGHT);
  }
  for (const collection of collections) matchers.set(`@${collection}`, COLLECTION_WEIGHT);
  return matchers;
}

/** One text may be both a package and a rule: the narrower meaning counts. */
function raise(matchers: Map<string, number>, criterion: string, weight: number): void {
  matchers.set(criterion, Math.max(weight, matchers.get(criterion) ?? 0));
}

/** 0: the criterion does not match. `terms`: any of them may be the criterion's; `anyTerm`: whatever its term is. */
export function weigh(criterion: string, matchers: Matchers, terms: readonly string[] | 'anyTerm'): number {
  const whole = matchers.get(criterion);
  if (whole !== undefined) return whole;
  const colon = criterion.indexOf(':');
  if (colon < 0 || criterion.startsWith('@')) return 0;
  const weight = matchers.get(criterion.slice(0, colon));
  const term = criterion.slice(colon + 1);
  const hasTerm = term !== '' && (terms === 'anyTerm' || terms.includes(term));
  return weight !== undefined && hasTerm ? weight + TERM_WEIGHT : 0;
}

/** Weights of all criteria that match, added up: one that is listed twice counts twice. */
export function score(
  criteria: readonly string[],
  matchers: Matchers,
  terms: readonly string[] | 'anyTerm',
): number {
  return criteria.reduce((sum, criterion) => sum + weigh(criterion, matchers, terms), 0);
}
