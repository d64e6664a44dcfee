// The report as SARIF 2.1.0 (OASIS), for code scanning. Each component's finding is one result.
import { fingerprint } from '../base/fingerprint.ts';
import { CHECKS, checkOrder } from './checks.ts';
import { cutText } from './cut.ts';
import { escapeSarifMessage } from './escape.ts';
import type { CheckCode, ComponentResult, Finding, Report } from './report.ts';

export interface SarifOptions {
  /** The snapshot or workflow that the images come from, relative to the repository's root, with `/`. */
  readonly artifact?: string;
}

/** GitHub refuses a file with more results in a run. */
const MAX_RESULTS = 25_000;
const MAX_MESSAGE = 8_000;

interface Located {
  readonly component: ComponentResult;
  readonly finding: Finding;
}

/** Ends in a line break. The most severe results are kept when there are more than GitHub takes (25,000). */
export function renderSarif(report: Report, options: SarifOptions = {}): string {
  const located = report.components.flatMap((component) =>
    component.findings.map((finding): Located => ({ component, finding })),
  );
  const severeFirst = [
    ...located.filter(({ finding }) => finding.outcome === 'rejected'),
    ...located.filter(({ finding }) => finding.outcome === 'undetermined'),
  ];
  const nextFingerprint = fingerprints();
  const run = {
    tool: { driver: toDriver(report) },
    invocations: [toInvocation(report, severeFirst.length)],
    columnKind: 'utf16CodeUnits',
    results: severeFirst.slice(0, MAX_RESULTS).map((one) => toResult(one, nextFingerprint(one), options)),
    properties: { result: report.result, effectiveTime: report.effectiveTime },
  };
  const log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function toDriver(report: Report): object {
  return {
    name: 'Proofgate',
    version: report.version,
    rules: Object.values(CHECKS).map(({ code, name, title, description, help }) => ({
      id: code,
      name,
      shortDescription: { text: title },
      fullDescription: { text: description },
      help: { text: help, markdown: help },
      // No security-severity: GitHub would show it in place of the level, which tells rejected from undetermined.
      defaultConfiguration: { level: 'error' },
      properties: { tags: ['security', 'supply-chain'], precision: 'very-high' },
    })),
  };
}

function toInvocation(report: Report, resultCount: number): object {
  const messages = report.warnings.map(({ code, message }) => `${code}: ${message}`);
  if (resultCount > MAX_RESULTS) messages.push(`${resultCount - MAX_RESULTS} results were left out.`);
  return {
    executionSuccessful: report.components.every(({ outcome }) => outcome !== 'undetermined'),
    toolExecutionNotifications: messages.map((text) => ({ level: 'warning', message: toMessage(text) })),
  };
}

/**
 * Undetermined would be of kind `open`, but then SARIF asks for level `none` (3.27.10), which viewers hide:
 * it is a failure of level `warning`, and says `undetermined` in its message and properties.
 */
function toResult({ component, finding }: Located, print: string, options: SarifOptions): object {
  const { code, outcome, reason, message, hint, term, details } = finding;
  const isRejected = outcome === 'rejected';
  const text = `${component.name}: ${isRejected ? '' : 'undetermined: '}${message}\n${hint}`;
  return {
    ruleId: code,
    ruleIndex: checkOrder(code),
    kind: 'fail',
    level: isRejected ? 'error' : 'warning',
    message: toMessage(text),
    locations: [toLocation(component, options)],
    // GitHub reads the first, everyone else may read either.
    partialFingerprints: { primaryLocationLineHash: print, 'proofgateFinding/v1': print },
    properties: {
      outcome,
      reason,
      component: component.name,
      containerImage: component.containerImage,
      ...(component.resolved === undefined ? {} : { resolved: component.resolved }),
      ...(component.platform === undefined ? {} : { platform: component.platform }),
      ...(term === undefined ? {} : { term }),
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
  return ({ component, finding }) => {
    const owner = component.index === undefined ? [component.name] : ['child', component.platform ?? ''];
    const repository = repositoryOf(component.containerImage);
    const hash = fingerprint([
      finding.code,
      finding.reason,
      termOf(finding.code, finding.term),
      repository,
      owner,
    ]);
    const count = (seen.get(hash) ?? 0) + 1;
    seen.set(hash, count);
    return `${hash.slice(0, 32)}:${count}`;
  };
}

function termOf(code: CheckCode, term: string | undefined): string | null {
  if (term === undefined) return null;
  return code === 'builtin.task_bundle.signature_check' ? repositoryOf(term) : term;
}
