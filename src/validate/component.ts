// One component judged: what was seen, and what is required, into one result.
import { ProofgateError } from '../base/errors.ts';
import { pinned } from '../oci/reference.ts';
import type { CheckCode, ComponentResult, Finding, Outcome, Success } from '../report/report.ts';
import type { Examination } from './examination.ts';
import type { Target } from './expansion.ts';
import { toFinding } from './findings.ts';
import { judgePolicies, type PolicyEvaluation } from './policy-evaluation.ts';
import type { SeenAttestations, SeenKind } from './seen.ts';
import type { TaskList } from './task-list.ts';
import { type ExaminedBundle, toTaskFinding } from './tasks.ts';

/** What a component must show to be verified. */
export interface Requirements {
  readonly signature: boolean;
  readonly attestation: boolean;
  /** Task bundles are verified, and every task must be one. */
  readonly taskBundles: boolean;
  /** Policies are asked. */
  readonly policy: boolean;
}

export interface ComponentEvidence {
  readonly target: Target;
  /** Undefined when the reference could not be resolved. */
  readonly examination: Examination | undefined;
  readonly tasks: TaskList;
  readonly bundles: ReadonlyMap<string, ExaminedBundle>;
  readonly evaluation: PolicyEvaluation;
}

type Verdict = { readonly findings: readonly Finding[]; readonly successes: readonly Success[] };

const nothing: Verdict = { findings: [], successes: [] };

/** Judges one component. It is `verified` only when each required check left a success and none a finding. */
export function judgeComponent(evidence: ComponentEvidence, requirements: Requirements): ComponentResult {
  const { target, examination, evaluation } = evidence;
  const verdicts = [
    judgeAccess(evidence),
    ...judgeEvidence(evidence, requirements),
    judgePolicies(evaluation),
  ];
  const findings = verdicts.flatMap((verdict) => verdict.findings);
  const successes = verdicts.flatMap((verdict) => verdict.successes);
  const seen = examination?.type === 'seen' ? examination.seen : undefined;
  const verdict = evaluation.type === 'evaluated' ? evaluation.verdict : undefined;
  const bundles = evidence.tasks.tasks.flatMap((task) => (task.type === 'bundle' ? [task.reference] : []));
  return {
    name: target.component.name,
    containerImage: target.component.containerImage,
    source: target.component.source,
    ...(target.manifest && target.repository
      ? { resolved: pinned(target.repository, target.manifest.digest) }
      : {}),
    ...(target.platform === undefined ? {} : { platform: target.platform }),
    ...(target.index === undefined ? {} : { index: target.index }),
    outcome: judgeOutcome(findings, successes, requirements),
    findings,
    successes,
    warnings: [...unreadWarnings(seen?.signatures), ...unreadWarnings(seen?.attestations)],
    policyWarnings: verdict?.warnings ?? [],
    ...(verdict?.input === undefined ? {} : { policyInput: verdict.input }),
    signatures: seen?.signatures.signatures ?? [],
    attestations: seen?.attestations.summaries ?? [],
    taskBundles: [...new Set(bundles)],
  };
}

function judgeOutcome(
  findings: readonly Finding[],
  successes: readonly Success[],
  requirements: Requirements,
): Outcome {
  if (findings.some((finding) => finding.outcome === 'rejected')) return 'rejected';
  // A policy names its rules as it likes: only the checks themselves say that they passed.
  const checks = successes.filter((success) => success.rule === undefined);
  const passed = new Set(checks.map((success) => success.code));
  const isComplete = requiredChecks(requirements).every((code) => passed.has(code));
  return findings.length === 0 && isComplete ? 'verified' : 'undetermined';
}

function requiredChecks(requirements: Requirements): readonly CheckCode[] {
  return [
    'builtin.image.accessible',
    ...(requirements.signature ? (['builtin.image.signature_check'] as const) : []),
    ...(requirements.attestation
      ? (['builtin.attestation.signature_check', 'builtin.attestation.syntax_check'] as const)
      : []),
    ...(requirements.taskBundles ? (['builtin.task_bundle.signature_check'] as const) : []),
    ...(requirements.policy ? (['builtin.policy.evaluation'] as const) : []),
  ];
}

function judgeAccess({ target, examination }: ComponentEvidence): Verdict {
  const code = 'builtin.image.accessible';
  if (target.error !== undefined) return failed(code, target.error);
  if (target.manifest === undefined || examination === undefined) {
    return failed(
      code,
      new ProofgateError('INTERNAL', `nobody looked at ${target.component.containerImage}`),
    );
  }
  if (examination.type === 'failed') return failed(code, examination.error);
  return passed(code, `The registry has ${target.manifest.digest}`);
}

function judgeEvidence(evidence: ComponentEvidence, requirements: Requirements): readonly Verdict[] {
  const { examination } = evidence;
  if (examination?.type !== 'seen') return [];
  const { signatures, attestations } = examination.seen;
  return [
    requirements.signature ? judgeKind('builtin.image.signature_check', signatures) : nothing,
    requirements.attestation ? judgeKind('builtin.attestation.signature_check', attestations) : nothing,
    requirements.attestation ? judgeSyntax(attestations) : nothing,
    requirements.taskBundles ? judgeTasks(evidence, attestations) : nothing,
  ];
}

function judgeKind(code: CheckCode, { signatures, failure }: SeenKind): Verdict {
  if (failure !== undefined) return failed(code, failure.error, { details: failure.details });
  if (signatures.length === 0)
    return failed(code, new ProofgateError('INTERNAL', 'neither proof nor failure'));
  const signer = signatures[0]?.signedBy;
  const who = signer?.type === 'identity' ? signer.subject : signer?.name;
  return passed(code, `${signatures.length} verified, signed by ${who}`);
}

function judgeSyntax({ signatures, syntax }: SeenAttestations): Verdict {
  const code = 'builtin.attestation.syntax_check';
  if (signatures.length === 0) return nothing; // builtin.attestation.signature_check says so already.
  return syntax.length > 0 ? { findings: syntax, successes: [] } : passed(code, 'Pass');
}

function judgeTasks({ tasks, bundles }: ComponentEvidence, attestations: SeenKind): Verdict {
  const code = 'builtin.task_bundle.signature_check';
  if (tasks.problem !== undefined) return failed(code, tasks.problem);
  if (attestations.failure !== undefined) return failed(code, unknownTasks(attestations.failure.error));
  const unread = attestations.unread.find((error) => error.kind === 'undetermined');
  const incomplete = unread === undefined ? [] : [toFinding(code, unread)];
  const findings = tasks.tasks.flatMap((task) => {
    if (task.type !== 'bundle') return [toTaskFinding(task)];
    const examined = bundles.get(task.reference);
    if (examined !== undefined) return examined.findings;
    const error = new ProofgateError('INTERNAL', `nobody looked at the task bundle ${task.reference}`);
    return [toFinding(code, error, { term: task.reference })];
  });
  const all = [...incomplete, ...findings];
  return all.length > 0 ? { findings: all, successes: [] } : passed(code, `${tasks.tasks.length} verified`);
}

/** As undetermined, or as rejected, as the attestations are. */
function unknownTasks(cause: ProofgateError): ProofgateError {
  const message = 'nobody says which tasks built it, since its attestations did not verify';
  return new ProofgateError(cause.code, message, {
    cause,
    hint: 'Mend what is wrong with its attestations first.',
  });
}

function unreadWarnings(kind: SeenKind | undefined): readonly string[] {
  if (kind === undefined || kind.failure !== undefined) return [];
  return kind.unread.map((error) => `a piece of evidence was not looked at: ${error.message}`);
}

function passed(code: CheckCode, message: string): Verdict {
  return { findings: [], successes: [{ code, message }] };
}

function failed(code: CheckCode, error: ProofgateError, more: { details?: readonly string[] } = {}): Verdict {
  return { findings: [toFinding(code, error, more)], successes: [] };
}
