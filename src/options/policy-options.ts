// Which policies are asked, from their raw options. What they say is read later: it may have to be fetched.
import type { OptionReader } from './option-reader.ts';

const MAX_POLICY_WORKERS = 64;

export interface PolicyOptions {
  /** As the user wrote it; undefined: the built-in checks alone decide. */
  readonly policy: string | undefined;
  /** Each `key=value`. */
  readonly extraRuleData: readonly string[];
  readonly policyBundleDigest: string | undefined;
  /** As the user wrote it. */
  readonly effectiveTime: string;
  readonly allowPastEffectiveTime: boolean;
  /** Undefined: as many as cores and memory allow. */
  readonly policyWorkers: number | undefined;
}

export function readPolicyOptions(reader: OptionReader): PolicyOptions {
  const policy = reader.text('policy');
  for (const name of ['extra-rule-data', 'policy-bundle-digest'] as const) {
    if (policy === undefined && reader.isGiven(name)) {
      reader.add('BAD_OPTION', `${reader.label(name)} is given without ${reader.label('policy')}`);
    }
  }
  return {
    policy,
    extraRuleData: reader.list('extra-rule-data').map(({ text }) => text),
    policyBundleDigest: reader.text('policy-bundle-digest'),
    effectiveTime: reader.text('effective-time') ?? 'now',
    allowPastEffectiveTime: reader.boolean('allow-past-effective-time'),
    policyWorkers: reader.optionalWholeNumber('policy-workers', 1, MAX_POLICY_WORKERS),
  };
}
