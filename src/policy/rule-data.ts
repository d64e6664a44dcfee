// Data that the user gives beside the policy: `key=value`, for every source group.
import { ProofgateError } from '../base/errors.ts';
import type { PolicyConfig, SourceGroup } from './config.ts';

/**
 * Splits at the first `=`. The last of equal keys wins.
 * @throws ProofgateError `BAD_OPTION`
 */
export function parseExtraRuleData(items: readonly string[]): ReadonlyMap<string, string> {
  const entries = items.map((item): [string, string] => {
    const [key = '', value] = item.split(/=(.*)/s);
    if (key !== '' && value !== undefined) return [key, value];
    throw new ProofgateError('BAD_OPTION', `${JSON.stringify(item.slice(0, 160))} is no rule data`, {
      hint: 'Write key=value.',
    });
  });
  return new Map(entries);
}

/** The configuration with these keys set, as texts, in the rule data of every group: they win. */
export function withRuleData(config: PolicyConfig, extra: ReadonlyMap<string, string>): PolicyConfig {
  if (extra.size === 0) return config;
  const added = Object.fromEntries(extra);
  const raw = Array.isArray(config.spec.sources) ? config.spec.sources : [];
  const merge = (ruleData: unknown): Readonly<Record<string, unknown>> =>
    Object.assign(Object.create(null), ruleData, added);
  const toGroup = (group: SourceGroup) => ({ ...group, ruleData: merge(group.ruleData) });
  const toRaw = (group: SourceGroup, index: number) => ({ ...raw[index], ruleData: merge(group.ruleData) });
  return {
    ...config,
    sources: config.sources.map(toGroup),
    spec: { ...config.spec, sources: config.sources.map(toRaw) },
  };
}
