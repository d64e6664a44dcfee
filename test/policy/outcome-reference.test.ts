// The whole way from values to a verdict, against a slow second reading of it that shares no code with the product.
import { expect, it } from 'vitest';
import type { PolicyRule } from '../../src/policy/engine.ts';
import { randomFrom, referenceWeight } from './support/reference.ts';
import { criteria, judge, NOW, rule } from './support/rules.ts';

const ROUNDS = 3_000;
const random = randomFrom(4_026);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
const some = <T>(most: number, make: () => T) =>
  Array.from({ length: Math.floor(random() * (most + 1)) }, make);

const CODES = ['a.x', 'a.y', 'b.x', 'b.z', 'n.b.x', 'a.unknown', 'lonely', undefined, 7];
const SEVERITIES = [undefined, undefined, 'warning', 'failure', 'Warning', 3];
const DATES = [undefined, undefined, '2020-01-01', '2099-01-01T00:00:00Z', 'soon', 4_070_908_800, '2099-1-1'];
const CRITERIA = ['*', 'a', 'b', 'b.*', 'a.x', 'n.b', '@c', '@d', '*:t', 'a:t', 'b.x:u', 'lonely', 'other'];

interface Result {
  readonly msg: string;
  readonly code: unknown;
  readonly term: unknown;
  readonly severity: unknown;
  readonly effective_on: unknown;
  readonly collections: readonly string[];
}

function randomRules(): PolicyRule[] {
  const described = ['a.deny x', 'a.warn y', 'b.deny x', 'b.deny z', 'n.b.warn x'].map((text) => {
    const [key = '', short_name] = text.split(' ');
    const collections = pick([[], ['c'], ['c', 'd']]);
    return rule(key, { short_name, collections, effective_on: pick(DATES) });
  });
  return [...described, rule('b.warn'), rule('a.violation_more')];
}

const KEYS = ['a.deny', 'a.warn', 'a.violation_more', 'b.deny', 'b.warn', 'n.b.warn'];

function randomResults(): Map<string, Result[]> {
  const result = (): Result => ({
    msg: `m${Math.floor(random() * 2 ** 32)}`,
    code: pick(CODES),
    term: pick<unknown>([undefined, 't', ['u', 't'], ['u', 4], '']),
    severity: pick(SEVERITIES),
    effective_on: pick(DATES),
    collections: pick([[], ['d']]),
  });
  return new Map(KEYS.map((key) => [key, some(3, result)]));
}

const isFuture = (date: unknown) => typeof date === 'string' && date.startsWith('2099');

interface Lists {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** What METADATA says of the rule that has this code. */
function customOf(rules: readonly PolicyRule[], code: unknown) {
  const found = rules.find((one) => {
    const shortName = one.annotations[0]?.custom?.short_name;
    return shortName !== undefined && `${one.package}.${shortName}` === code;
  });
  return { package: found?.package, custom: found?.annotations[0]?.custom ?? {} };
}

/** Undefined: it is filtered. */
function outcomeOf(key: string, result: Result, rules: readonly PolicyRule[], lists: Lists) {
  const { package: described, custom } = customOf(rules, result.code);
  const named = (custom.collections ?? []) as readonly string[];
  const collections = named.length > 0 ? named : result.collections;
  const terms = [result.term].flat().filter((one): one is string => typeof one === 'string' && one !== '');
  const total = (list: readonly string[]) =>
    list.reduce(
      (sum, one) => sum + referenceWeight(one, { code: String(result.code), collections }, terms),
      0,
    );
  if (typeof result.code === 'string' && total(lists.include) <= total(lists.exclude)) return undefined;
  const isOwn = described === key.slice(0, key.lastIndexOf('.'));
  const date = (isOwn ? custom.effective_on : undefined) ?? result.effective_on;
  if (key.endsWith('warn')) return result.severity === 'failure' ? 'violation' : 'warning';
  return result.severity !== 'warning' && !isFuture(date) ? 'violation' : 'warning';
}

it(`agrees with an independent reading over ${ROUNDS} random policies, and loses no violation`, () => {
  const seen = { violations: 0, warnings: 0, filtered: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const rules = randomRules();
    const results = randomResults();
    const include = ['*', ...some(3, () => pick(CRITERIA))];
    const exclude = some(3, () => pick(CRITERIA));
    const lists = { include, exclude };
    const verdict = attempt(() => judge(rules, Object.fromEntries(results), criteria(include, exclude), NOW));
    if (verdict === undefined) continue;
    const due = verdict.asked.flatMap((key) =>
      (results.get(key) ?? []).map((result) => [result.msg, outcomeOf(key, result, rules, lists)] as const),
    );
    const wanted = Object.fromEntries(due.filter(([, outcome]) => outcome !== undefined));
    const actual = Object.fromEntries([
      ...verdict.violations.map(({ message }) => [message, 'violation']),
      ...verdict.warnings
        .filter(({ message }) => message.startsWith('m'))
        .map(({ message }) => [message.split('.')[0] ?? '', 'warning']),
    ]);
    expect({ round, include, exclude, actual }).toEqual({ round, include, exclude, actual: wanted });
    seen.violations += verdict.violations.length;
    seen.warnings += verdict.warnings.length;
    seen.filtered += due.length - Object.keys(wanted).length;
  }
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(2_000);
});

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'POLICY_EMPTY' });
    return undefined;
  }
}
