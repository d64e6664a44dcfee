// What remains of a verified subject for the judgement and the report. Statements and payloads are let go here:
// provenance and SBOMs of thousands of components would fill the memory.
import { ProofgateError } from '../base/errors.ts';
import type { AttestationSummary, Finding, SignatureSummary } from '../report/report.ts';
import { findSyntaxProblems } from '../verify/slsa.ts';
import type { Failure, KindResult, SubjectResult } from '../verify/subject.ts';
import type { Verified } from '../verify/verifier.ts';
import { toFinding } from './findings.ts';
import { listTasks, type TaskList } from './task-list.ts';

/** Made from `Verified` alone: a signature that is here has been verified. */
export interface SeenKind {
  readonly signatures: readonly SignatureSummary[];
  readonly failure: Failure | undefined;
  readonly unread: readonly ProofgateError[];
}

export interface SeenAttestations extends SeenKind {
  readonly summaries: readonly AttestationSummary[];
  /** What is wrong with the syntax of those that verified. */
  readonly syntax: readonly Finding[];
  readonly tasks: TaskList;
}

export interface Seen {
  readonly signatures: SeenKind;
  readonly attestations: SeenAttestations;
}

export function toSeen({ signatures, attestations }: SubjectResult): Seen {
  const { verified } = attestations;
  return {
    signatures: toSeenKind(signatures),
    attestations: {
      ...toSeenKind(attestations),
      summaries: verified.flatMap(toSummary),
      syntax: verified.flatMap(toSyntaxFindings),
      tasks: listTasks(verified),
    },
  };
}

function toSeenKind({ verified, failure, unread }: KindResult): SeenKind {
  return { signatures: verified.map(({ signature }) => signature), failure, unread };
}

function toSyntaxFindings({ claim, signature }: Verified): readonly Finding[] {
  if (claim.type !== 'statement') return [];
  const { statement } = claim;
  const details = findSyntaxProblems(statement);
  if (details.length === 0) return [];
  const message = `the ${statement.predicateType} attestation in ${signature.manifest} breaks its schema: ${details[0]}`;
  const hint = 'Mend what writes this provenance; its signature is fine, its content is not.';
  const error = new ProofgateError('STATEMENT_INVALID', message, { hint });
  return [toFinding('builtin.attestation.syntax_check', error, { details })];
}

function toSummary({ claim, signature }: Verified): readonly AttestationSummary[] {
  if (claim.type !== 'statement') return [];
  const { type, predicateType, predicate } = claim.statement;
  const predicateBuildType = findBuildType(predicate);
  return [
    {
      type,
      predicateType,
      ...(predicateBuildType === undefined ? {} : { predicateBuildType }),
      signatures: [signature],
    },
  ];
}

function findBuildType(predicate: unknown): string | undefined {
  const { buildType, buildDefinition } = (predicate ?? {}) as {
    buildType?: unknown;
    buildDefinition?: { buildType?: unknown } | null;
  };
  const found = buildType ?? buildDefinition?.buildType;
  return typeof found === 'string' ? found : undefined;
}
