// The report as SARIF 2.1.0 (OASIS), for code scanning. Each component's finding, and each warning of
// a policy, is one result.
import type { ErrorCode } from '../base/errors.ts';
import { fingerprint } from '../base/fingerprint.ts';
import { checkOf, type Described } from './checks.ts';
import { cutText } from './cut.ts';
import { Entries, toJsonPieces } from './entries.ts';
import { escapeSarifMessage } from './escape.ts';
import type { ComponentResult, Finding, Report } from './report.ts';
import { SarifRules } from './sarif-rules.ts';

export interface SarifOptions {
  /** The snapshot or workflow that the images come from, relative to the repository's root, with `/`. */
  readonly artifact?: string;
}

/** GitHub refuses a file with more results in a run. */
const MAX_RESULTS = 25_000;
const MAX_MESSAGE = 8_000;

/** One result to be, whatever it comes from. */
interface Located extends Described {
  readonly component: ComponentResult;
  readonly level: 'error' | 'warning' | 'note';
  readonly outcome: Finding['outcome'] | 'warning';
  readonly message: string;
  readonly hint: string;
  readonly reason?: ErrorCode;
  readonly term?: string | undefined;
  readonly details?: readonly string[];
}

/** In pieces; the last ends in a line break. The most severe results are kept when there are more than GitHub takes. */
export function* renderSarif(report: Report, options: SarifOptions = {}): Generator<string> {
  const { kept, leftOut } = pickResults(report);
  const rules = new SarifRules();
  for (const located of kept) rules.add(located);
  const nextFingerprint = fingerprints();
  const run = {
    tool: { driver: { name: 'Proofgate', version: report.version, rules: rules.all } },
    invocations: [toInvocation(report, leftOut)],
    columnKind: 'utf16CodeUnits',
    results: Entries.of(kept, (one) => toResult(one, rules, nextFingerprint(one), options)),
    properties: { result: report.result, effectiveTime: report.effectiveTime },
  };
  const schema = 'https://json.schemastore.org/sarif-2.1.0.json';
  yield* toJsonPieces({ $schema: schema, version: '2.1.0', runs: Entries.of([run], (one) => one) });
  yield '\n';
}

function pickResults({ components }: Report): { kept: readonly Located[]; leftOut: number } {
  const ofOutcome = (outcome: Finding['outcome'], level: Located['level']) =>
    components.flatMap((component) =>
      component.findings
        .filter((finding) => finding.outcome === outcome)
        .map((finding): Located => ({ ...finding, component, level })),
    );
  const warnings = components.flatMap((component) =>
    component.policyWarnings.map((warning): Located => {
      return { ...warning, component, level: 'note', outcome: 'warning', hint: warning.rule.solution ?? '' };
    }),
  );
  const severeFirst = [
    ...ofOutcome('rejected', 'error'),
    ...ofOutcome('undetermined', 'warning'),
    ...warnings,
  ];
  const kept = severeFirst.slice(0, MAX_RESULTS);
  return { kept, leftOut: severeFirst.length - kept.length };
}

function toInvocation(report: Report, leftOut: number): object {
  const messages = report.warnings.map(({ code, message }) => `${code}: ${message}`);
  if (leftOut > 0) messages.push(`${leftOut} results were left out.`);
  return {
    executionSuccessful: report.components.every(({ outcome }) => outcome !== 'undetermined'),
    toolExecutionNotifications: messages.map((text) => ({ level: 'warning', message: toMessage(text) })),
  };
}

/**
 * Undetermined would be of kind `open`, but then SARIF asks for level `none` (3.27.10), which viewers hide:
 * it is a failure of level `warning`, and says `undetermined` in its message and properties.
 */
function toResult(located: Located, rules: SarifRules, print: string, options: SarifOptions): object {
  const { component, level, outcome, reason, message, hint, term, details = [] } = located;
  const text =
    `${component.name}: ${outcome === 'rejected' ? '' : `${outcome}: `}${message}\n${hint}`.trimEnd();
  return {
    ...rules.pointerTo(located),
    kind: 'fail',
    level,
    message: toMessage(text),
    locations: [toLocation(component, options)],
    // GitHub reads the first, everyone else may read either.
    partialFingerprints: { primaryLocationLineHash: print, 'proofgateFinding/v1': print },
    properties: {
      outcome,
      ...(reason === undefined ? {} : { reason }),
      component: component.name,
      containerImage: component.containerImage,
      ...(component.resolved === undefined ? {} : { resolved: component.resolved }),
      ...(component.platform === undefined ? {} : { platform: component.platform }),
      ...(term === undefined ? {} : { term: cutText(term, MAX_MESSAGE) }),
      ...(details.length === 0 ? {} : { details }),
    },
  };
}

function toMessage(text: string): object {
  return { text: escapeSarifMessage(cutText(text, MAX_MESSAGE)) };
}

function toLocation(component: ComponentResult, { artifact }: SarifOptions): object {
  const image = component.resolved ?? component.containerImage;
  return {
    // Code scanning shows no result without a file; an image has none, so its repository stands in for it.
    physicalLocation: {
      artifactLocation: { uri: toRelativeUri(artifact ?? repositoryOf(image)) },
      region: { startLine: 1 },
    },
    logicalLocations: [{ name: component.name, fullyQualifiedName: image, kind: 'resource' }],
  };
}

/** What is left of a reference when digest and tag are taken off. */
function repositoryOf(image: string): string {
  return image.replace(/@.*$/s, '').replace(/:[^:/]*$/, '');
}

/** RFC 3986 relative reference that stays below the root: no scheme, no authority, no dot segments. */
function toRelativeUri(path: string): string {
  const segments = path.toWellFormed().split('/');
  const kept = segments.filter((segment) => segment !== '' && segment !== '.' && segment !== '..');
  return kept.map(encodeURIComponent).join('/') || 'image';
}

/**
 * A fingerprint says "the same problem as in the run before": neither the digest nor the tag is part of it,
 * a rebuilt image that is still unsigned is the same alert. Equal ones within a run are numbered.
 */
function fingerprints(): (located: Located) => string {
  const seen = new Map<string, number>();
  return (located) => {
    const { component, code = '', reason = 'WARNING' } = located;
    const owner = component.index === undefined ? [component.name] : ['child', component.platform ?? ''];
    const repository = repositoryOf(component.containerImage);
    const hash = fingerprint([code, reason, termOf(located), repository, owner]);
    const count = (seen.get(hash) ?? 0) + 1;
    seen.set(hash, count);
    return `${hash.slice(0, 32)}:${count}`;
  };
}

function termOf(located: Located): string | null {
  const { term } = located;
  if (term === undefined) return null;
  const isReference = checkOf(located)?.code === 'builtin.task_bundle.signature_check';
  return isReference ? repositoryOf(term) : term.replace(/@sha256:[0-9a-f]{64}/g, '');
}
