// What a finding's code means, in words: of the built-in checks here, of a policy's rule by what that says of itself.
// JSON, SARIF and the readable reports share them.
import type { CheckCode, Finding, PolicyRuleDetails } from './report.ts';

export interface Check {
  readonly code: CheckCode;
  /** SARIF's readable identifier, PascalCase. */
  readonly name: string;
  /** What the check looks at: a heading's end, in lower case. */
  readonly topic: string;
  /** What is wrong when the check says no: a heading without a full stop. */
  readonly title: string;
  /** What the check promises when it passes. */
  readonly description: string;
  /** What to do when it does not, for any cause. Findings carry a hint of their own for their very cause. */
  readonly help: string;
}

/** In the order in which a component meets them. */
export const CHECKS: Readonly<Record<CheckCode, Check>> = {
  'builtin.image.accessible': {
    code: 'builtin.image.accessible',
    name: 'ImageAccessible',
    topic: 'access to the image',
    title: 'Image cannot be read',
    description: 'The image reference resolves to a manifest that the registry gives to this account.',
    help: 'Check the reference for typing errors, the account for pull rights, and whether the registry is up.',
  },
  'builtin.image.signature_check': {
    code: 'builtin.image.signature_check',
    name: 'ImageSignature',
    topic: 'image signature',
    title: 'Image signature is not trusted',
    description:
      'At least one signature over the image itself verifies and was made by a trusted key or identity.',
    help: 'Sign the image by digest with a trusted key or identity; an attestation is not a signature of the image.',
  },
  'builtin.attestation.signature_check': {
    code: 'builtin.attestation.signature_check',
    name: 'AttestationSignature',
    topic: 'attestation signature',
    title: 'Attestation signature is not trusted',
    description:
      'At least one attestation about the image verifies and was signed by a trusted key or identity.',
    help: 'Let the build system attest the image by digest with a trusted key or identity.',
  },
  'builtin.attestation.syntax_check': {
    code: 'builtin.attestation.syntax_check',
    name: 'AttestationSyntax',
    topic: 'attestation syntax',
    title: 'Attestation is not a valid statement',
    description: 'Every verified SLSA provenance matches the schema of its predicate type.',
    help: 'Fix the producer of the attestation: it was signed by whom you trust, and it is malformed.',
  },
  'builtin.task_bundle.signature_check': {
    code: 'builtin.task_bundle.signature_check',
    name: 'TaskBundleSignature',
    topic: 'task bundle signature',
    title: 'Task bundle signature is not trusted',
    description:
      'Every task bundle that verified provenance names is signed by a key or identity trusted for tasks.',
    help: 'Sign the task bundle by digest, or build with a version of the task that is signed.',
  },
  'builtin.policy.evaluation': {
    code: 'builtin.policy.evaluation',
    name: 'PolicyEvaluation',
    topic: 'policy',
    title: 'Policy was not evaluated',
    description: 'Every rule that the policy selects was evaluated on the component, to its end.',
    help: 'Look at the cause: a source or lookup that did not answer, a limit, or a rule that fails.',
  },
};

const ORDER = Object.keys(CHECKS) as CheckCode[];

/** What can be described: a `Finding`, a `Success`, a `PolicyMessage` or a group of them. */
export interface Described {
  /** '' or absent: a policy's rule gave none. */
  readonly code?: string;
  /** Set: a policy's rule, whatever its code looks like. */
  readonly rule?: PolicyRuleDetails;
}

/** The built-in check; undefined for a policy's rule, also for one that borrows the code of a check. */
export function checkOf({ code, rule }: Described): Check | undefined {
  const isCheck = rule === undefined && code !== undefined && Object.hasOwn(CHECKS, code);
  return isCheck ? CHECKS[code as CheckCode] : undefined;
}

/** Position in which a component meets the check, from 0; policies come last. */
export function checkOrder(described: Described): number {
  const check = checkOf(described);
  return check === undefined ? ORDER.length : ORDER.indexOf(check.code);
}

/**
 * Heading of a finding. What nobody could look at must not read as if somebody had said no.
 * That of a policy's rule is untrusted text.
 */
export function titleOf(finding: Described & Pick<Finding, 'outcome'>): string {
  const check = checkOf(finding);
  if (check === undefined) return ruleTitle(finding);
  return finding.outcome === 'rejected' ? check.title : `Could not check the ${check.topic}`;
}

/** Untrusted text: the title of a policy's rule, or what else names it. */
export function ruleTitle({ code, rule }: Described): string {
  return rule?.title || code || 'Policy rule without a code';
}

/** What tells apart findings of one title: the cause, or the code of the policy's rule (untrusted text; may be ''). */
export function labelOf(finding: Described & Pick<Finding, 'reason'>): string {
  return checkOf(finding) === undefined ? (finding.code ?? '') : finding.reason;
}
