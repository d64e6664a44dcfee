// One component and the policies: whether they can be asked about it, and what their answer means.
import { ProofgateError, toProofgateError } from '../base/errors.ts';
import type { PolicyAnswer, PolicyEvaluator } from '../policy/verdict.ts';
import type { Finding, PolicyMessage, Success } from '../report/report.ts';
import type { SubjectResult } from '../verify/subject.ts';
import type { Requirements } from './component.ts';
import type { Target } from './expansion.ts';
import { toFinding } from './findings.ts';

export type PolicyEvaluation =
  | ({ readonly type: 'evaluated' } & PolicyAnswer)
  | { readonly type: 'failed'; readonly error: ProofgateError }
  /** An earlier check ended the component, and has said why. */
  | { readonly type: 'skipped' };

export const SKIPPED: PolicyEvaluation = { type: 'skipped' };

const DEFAULT_SOLUTION = 'See what the rule asks for in the documentation of the policy.';

export interface PolicyQuestion {
  readonly target: Target;
  readonly evidence: SubjectResult;
  /** JSON text of the expanded snapshot. */
  readonly snapshot: string;
}

/** Asks the policies about one component. Never rejects. */
export async function evaluatePolicies(
  policies: PolicyEvaluator,
  { target, evidence, snapshot }: PolicyQuestion,
  requirements: Requirements,
  signal: AbortSignal | undefined,
): Promise<PolicyEvaluation> {
  const { component, repository, manifest, error } = target;
  if (repository === undefined || manifest === undefined || error !== undefined) return SKIPPED;
  const { signatures, attestations } = evidence;
  // As in Conforma: without verified attestations there is nothing to evaluate; an image signature is another matter.
  if (requirements.attestation && attestations.failure !== undefined) return SKIPPED;
  const obstacle = findObstacle(evidence);
  if (obstacle !== undefined) return { type: 'failed', error: obstacle };
  const subject = {
    name: component.name,
    source: component.source,
    repository,
    manifest,
    snapshot,
    attestations: attestations.verified,
    signatures: signatures.verified,
  };
  try {
    return { type: 'evaluated', ...(await policies.evaluate(subject, signal)) };
  } catch (thrown) {
    return { type: 'failed', error: toProofgateError(thrown) };
  }
}

/** A rule may be about the very piece that nobody could look at: its absence must not decide, neither way. */
function findObstacle({ signatures, attestations }: SubjectResult): ProofgateError | undefined {
  const errors = [attestations, signatures].flatMap(({ failure, unread }) => [
    ...(failure === undefined ? [] : [failure.error]),
    ...unread,
  ]);
  const cause = errors.find((error) => error.kind === 'undetermined');
  if (cause === undefined) return undefined;
  const message = `policies were not asked, because evidence could not be looked at: ${cause.message}`;
  return new ProofgateError(
    cause.code,
    message,
    cause.hint === undefined ? { cause } : { cause, hint: cause.hint },
  );
}

export interface PolicyJudgement {
  readonly findings: readonly Finding[];
  readonly successes: readonly Success[];
}

/** Success only for an evaluation of all source groups that came to its end; what it found is beside that. */
export function judgePolicies(evaluation: PolicyEvaluation): PolicyJudgement {
  const code = 'builtin.policy.evaluation';
  switch (evaluation.type) {
    case 'skipped':
      return { findings: [], successes: [] };
    case 'failed':
      return { findings: [toFinding(code, asUndetermined(evaluation.error))], successes: [] };
    case 'evaluated': {
      const { violations, warnings, successes, failure } = evaluation.verdict;
      const counts = `${violations.length} violations, ${warnings.length} warnings, ${successes.length} successes`;
      const failed = failure === undefined ? [] : [toFinding(code, asUndetermined(failure))];
      const passed = failure === undefined ? [{ code, message: counts }] : [];
      return {
        findings: [...violations.map(toViolation), ...failed],
        successes: [...passed, ...successes.map(toSuccess)],
      };
    }
  }
}

/** Who could not evaluate has not said no. */
function asUndetermined(error: ProofgateError): ProofgateError {
  if (error.kind === 'undetermined') return error;
  return new ProofgateError(
    'POLICY_FAILED',
    error.message,
    error.hint === undefined ? { cause: error } : { cause: error, hint: error.hint },
  );
}

function toViolation({ code = '', message, term, rule }: PolicyMessage): Finding {
  return {
    code,
    outcome: 'rejected',
    reason: 'POLICY_VIOLATION',
    message,
    hint: rule.solution ?? DEFAULT_SOLUTION,
    ...(term === undefined ? {} : { term }),
    details: [],
    rule,
  };
}

function toSuccess({ code = '', message, rule }: PolicyMessage): Success {
  return { code, message, rule };
}
