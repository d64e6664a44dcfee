// The report as JSON → the Report that it was rendered from. It comes from another machine: bounded, and checked at the
// door. What the document does not hold is not there: the inputs of policies.
import type { z } from 'zod';
import { ProofgateError } from '../base/errors.ts';
import { exactNumber } from '../base/exact-number.ts';
import { CHECKS } from './checks.ts';
import {
  type ComponentDocument,
  componentSchema,
  type FindingDocument,
  type ReportDocument,
  type ResultDocument,
  reportSchema,
  type TaskBundleDocument,
} from './document-schema.ts';
import { splitJson } from './json-splitter.ts';
import { parsePolicyMetadata } from './policy-metadata.ts';
import {
  type AttestationSummary,
  type ComponentResult,
  type Finding,
  type PolicyMessage,
  type PolicyRuleDetails,
  type Report,
  type ShardSummary,
  type SignatureSummary,
  type Success,
  type TaskBundleResult,
  worstOutcome,
} from './report.ts';

const MAX_PIECE_BYTES = 64 * 1024 * 1024;
/** Children of indexes included. */
const MAX_COMPONENTS = 100_000;

/**
 * Reads what `renderJson` wrote.
 * @param name what errors call it
 * @throws ProofgateError `BAD_REPORT`
 */
export function parseReport(chunks: Iterable<Uint8Array>, name: string): Report {
  const refuse = (why: string) => badReport(name, why);
  const parser = new ComponentParser(refuse);
  const pieces = splitJson(chunks, { list: 'components', maxBytes: MAX_PIECE_BYTES, refuse });
  let piece = pieces.next();
  const components: ComponentResult[] = [];
  for (; !piece.done; piece = pieces.next()) {
    if (components.length >= MAX_COMPONENTS) throw refuse(`it has more than ${MAX_COMPONENTS} components`);
    components.push(parser.parse(piece.value, components.length));
  }
  const rest = check(reportSchema, parseJson(piece.value, refuse, exactNumber), '', refuse);
  const { success, result, shard } = rest;
  const outcomes = components.map(({ outcome }) => outcome);
  const expected = shard?.components === 0 && outcomes.length === 0 ? 'verified' : worstOutcome(outcomes);
  if (result !== expected || success !== (result === 'verified'))
    throw refuse(`it is ${result}, and its components do not say so`);
  return toReport(rest, components, parser);
}

/** Every problem with a report that was given. */
export function badReport(name: string, why: string): ProofgateError {
  return new ProofgateError('BAD_REPORT', `the report ${name}: ${why}`, {
    hint: 'Give the reports that --report (or --output json=FILE) wrote, one of each shard of one release.',
  });
}

type Refuse = (why: string) => ProofgateError;

/** Rules of policies say the same of themselves for each component: they are kept once. */
class ComponentParser {
  readonly #refuse: Refuse;
  readonly #rules = new Map<string, PolicyRuleDetails>();
  readonly #texts = new Map<string, string>();

  constructor(refuse: Refuse) {
    this.#refuse = refuse;
  }

  parse(text: string, position: number): ComponentResult {
    const where = `components[${position}]`;
    const document = check(componentSchema, parseJson(text, this.#refuse), where, this.#refuse);
    const component = this.#toComponent(document);
    const { outcome, findings, successes } = component;
    const isConsistent =
      outcome === 'verified'
        ? findings.length === 0 && successes.length > 0
        : findings.some((finding) => finding.outcome === outcome) &&
          (outcome === 'rejected' || findings.every((finding) => finding.outcome === 'undetermined'));
    if (isConsistent && document.success === (outcome === 'verified')) return component;
    throw this.#refuse(`${where} is ${outcome}, and what was found does not say so`);
  }

  toFindings({
    violations = [],
    undetermined = [],
  }: Pick<ComponentDocument, 'violations' | 'undetermined'>): Finding[] {
    return [
      ...violations.map((document) => this.#toFinding(document, 'rejected')),
      ...undetermined.map((document) => this.#toFinding(document, 'undetermined')),
    ];
  }

  #toComponent(document: ComponentDocument): ComponentResult {
    const { name, containerImage, source, resolved, platform, index, outcome, proofs } = document;
    const { warnings = [], successes = [], signatures, attestations, taskBundles } = document;
    return {
      name,
      containerImage,
      source: source as ComponentResult['source'],
      ...(resolved === undefined ? {} : { resolved }),
      ...(platform === undefined ? {} : { platform }),
      ...(index === undefined ? {} : { index }),
      outcome,
      ...(proofs === undefined ? {} : { proofs }),
      findings: this.toFindings(document),
      successes: successes.map((success) => this.#toSuccess(success)),
      warnings: warnings.flatMap((warning) => ('metadata' in warning ? [] : [warning.msg])),
      policyWarnings: warnings.flatMap((warning) =>
        'metadata' in warning ? [this.#toMessage(warning)] : [],
      ),
      signatures: (signatures ?? []) as readonly SignatureSummary[],
      attestations: (attestations ?? []) as readonly AttestationSummary[],
      taskBundles: taskBundles ?? [],
    };
  }

  /** Only a policy's rule violates a policy; everything else is said by checks, and those are known. */
  #toFinding({ msg, metadata }: FindingDocument, outcome: Finding['outcome']): Finding {
    const { reason, details = [], solution: hint } = metadata;
    const said = { outcome, reason, message: msg, hint, details };
    if (reason === 'POLICY_VIOLATION') {
      const { code = '', term, rule } = this.#toRuleResult(metadata);
      return { code, ...said, ...(term === undefined ? {} : { term }), rule };
    }
    const { code = '', term } = metadata;
    if (!Object.hasOwn(CHECKS, code) || Array.isArray(term)) throw this.#refuse('a finding is of no check');
    return { code, ...said, ...(typeof term === 'string' ? { term } : {}) };
  }

  #toSuccess({ msg, metadata }: ResultDocument): Success {
    const { code = '', description } = metadata;
    const check = Object.hasOwn(CHECKS, code) ? CHECKS[code as keyof typeof CHECKS] : undefined;
    const message = this.#once(msg);
    if (check?.description === description && Object.keys(metadata).length === 2)
      return { code: this.#once(code), message };
    const { rule } = this.#toRuleResult(metadata);
    return { code: this.#once(code), message, rule };
  }

  #toMessage({ msg, metadata }: ResultDocument): PolicyMessage {
    return { message: msg, ...this.#toRuleResult(metadata) };
  }

  #toRuleResult(metadata: Readonly<Record<string, unknown>>) {
    const { rule, ...result } = parsePolicyMetadata(metadata);
    const key = JSON.stringify(rule);
    const known = this.#rules.get(key) ?? rule;
    this.#rules.set(key, known);
    return { ...result, rule: known };
  }

  #once(text: string): string {
    const known = this.#texts.get(text) ?? text;
    this.#texts.set(known, known);
    return known;
  }
}

function toReport(
  document: ReportDocument,
  components: readonly ComponentResult[],
  parser: ComponentParser,
): Report {
  const {
    result,
    shard,
    taskBundles = [],
    warnings = [],
    key,
    policy,
    policySources,
    trust,
    usage,
    cache,
  } = document;
  return {
    version: document['proofgate-version'],
    result,
    ...(shard === undefined ? {} : { shard: shard as ShardSummary }),
    startedAt: document['started-at'],
    effectiveTime: document['effective-time'],
    ...(policy === undefined ? {} : { policy: { spec: policy, sources: policySources ?? [] } }),
    components,
    taskBundles: taskBundles.map((bundle) => toTaskBundle(bundle, parser)),
    warnings: warnings.map(({ msg, metadata }) => ({ code: metadata.code, message: msg })),
    key,
    trust: trust as Report['trust'],
    usage,
    ...(cache === undefined ? {} : { cache: cache as NonNullable<Report['cache']> }),
  };
}

function toTaskBundle(document: TaskBundleDocument, parser: ComponentParser): TaskBundleResult {
  const { reference, outcome, signatures = [], components } = document;
  return {
    reference,
    outcome,
    findings: parser.toFindings(document),
    signatures: signatures as readonly SignatureSummary[],
    components,
  };
}

function parseJson(text: string, refuse: Refuse, reviver?: typeof exactNumber): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    throw refuse('it is no JSON');
  }
}

/** The value itself, not zod's copy of it. */
function check<T>(schema: z.ZodType<T>, value: unknown, where: string, refuse: Refuse): T {
  const checked = schema.safeParse(value);
  if (checked.success) return value as T;
  const [issue] = checked.error.issues;
  const path = [where, ...(issue?.path ?? []).map((part) => String(part).slice(0, 80))].filter(
    (part) => part !== '',
  );
  throw refuse(`${path.join('.') || 'it'}: ${issue?.message.slice(0, 200) ?? 'it is no report'}`);
}
