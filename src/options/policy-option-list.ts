// The part of the list of options that is about policies.
import type { OptionDefinition } from './option-list.ts';

export const POLICY_OPTIONS = [
  {
    name: 'policy',
    kind: 'text',
    default: '',
    placeholder: 'FILE|TEXT|URL',
    parameter: 'POLICY_CONFIGURATION',
    description:
      'Policies to evaluate: an EnterpriseContractPolicy in JSON or YAML, as a file, as text, in a git repository, at an https URL, or in a pod `[NAMESPACE/]NAME` of one in the cluster. Its key, identity and log are used unless options name others.',
  },
  {
    name: 'extra-rule-data',
    kind: 'list',
    commas: true,
    default: '',
    placeholder: 'KEY=VALUE',
    description:
      'Rule data for all sources of the policy, beside what it has. Values are text, files or URLs.',
  },
  {
    name: 'effective-time',
    kind: 'text',
    default: 'now',
    placeholder: 'TIME',
    description:
      'Moment that rules of the policy are held against: `now`, `attestation`, a date or a time of RFC 3339.',
  },
  {
    name: 'allow-past-effective-time',
    kind: 'boolean',
    default: 'false',
    placeholder: 'BOOLEAN',
    description: 'Allow an `effective-time` in the past, when rules that hold today may not have held yet.',
  },
  {
    name: 'policy-bundle-digest',
    kind: 'text',
    default: '',
    placeholder: 'DIGEST',
    description: 'Use policy images that are named by the tag `konflux` at this digest.',
  },
  {
    name: 'policy-workers',
    kind: 'number',
    default: '',
    placeholder: 'NUMBER',
    description:
      'Threads that evaluate policies, 1 to 64, each with up to 512 MiB; as many as cores and memory allow unless given.',
  },
] as const satisfies readonly OptionDefinition[];
