// The report for a terminal: findings first, the counts last, where the eye of whoever scrolled is.
import { styleText } from 'node:util';
import wrapAnsi from 'wrap-ansi';
import { titleOf } from './checks.ts';
import { cutText } from './cut.ts';
import { defuseWorkflowCommand, toVisibleLine } from './escape.ts';
import {
  OUTCOMES,
  renderBytes,
  renderCacheUse,
  renderCount,
  renderDuration,
  renderHeadline,
  renderSigners,
  renderStatuses,
  signaturesOf,
  toShortReference,
} from './figures.ts';
import { type FindingGroup, groupFindings, type Occurrence } from './groups.ts';
import type { ComponentResult, Report } from './report.ts';

export interface TextOptions {
  readonly color: boolean;
  /** Columns; lines are wrapped at it, references are not broken. */
  readonly width: number;
  /** List verified components one by one. Default: yes. */
  readonly showVerified?: boolean;
}

type Style = Parameters<typeof styleText>[0];

/** Colours or not, and how wide. */
interface Paper {
  paint(style: Style, text: string): string;
  /** Lines of at most the width, each behind `indent`. */
  wrap(text: string, indent: string): string[];
}

const MARKS = { verified: '✓', rejected: '✕', undetermined: '?', collected: '·' } as const;
const STYLES = { verified: 'green', rejected: 'red', undetermined: 'yellow', collected: 'dim' } as const;
const MAX_TEXT = 2000;
/** Names of components that share a finding. */
const MAX_NAMES = 10;

/** Ends in a line break. Every line is safe on a terminal and in the log of a GitHub runner. */
export function renderText(report: Report, options: TextOptions): string {
  const paper = toPaper(options);
  const blocks = [
    ...groupFindings(report).map((group) => renderGroup(group, paper)),
    options.showVerified === false ? [] : renderVerified(report, paper),
    renderTaskBundles(report, paper),
    renderWarnings(report, paper),
    renderLedger(report, paper),
    renderVerdict(report, paper),
  ];
  const lines = blocks.filter((block) => block.length > 0).flatMap((block) => [...block, '']);
  return lines
    .slice(0, -1)
    .map((line) => `${defuseWorkflowCommand(line)}\n`)
    .join('');
}

function toPaper({ color, width }: TextOptions): Paper {
  return {
    paint: (style, text) => (color ? styleText(style, text, { validateStream: false }) : text),
    wrap: (text, indent) =>
      wrapAnsi(clean(text), Math.max(20, width - indent.length), { hard: false })
        .split('\n')
        .map((line) => indent + line),
  };
}

function clean(text: string): string {
  return cutText(toVisibleLine(text), MAX_TEXT);
}

function renderGroup(group: FindingGroup, { paint, wrap }: Paper): string[] {
  const mark = paint(
    [STYLES[group.outcome], 'bold'],
    `${MARKS[group.outcome]} ${group.outcome.toUpperCase()}`,
  );
  const scope = `${group.reason}, ${renderCount(group.componentCount, 'component')}`;
  const hints = group.hints.slice(0, 3).flatMap((hint) => wrap(`What to do: ${hint}`, '  '));
  return [
    `${mark}  ${paint('bold', titleOf(group))}  ${paint('dim', scope)}`,
    ...group.occurrences.flatMap((occurrence) => renderOccurrence(occurrence, { paint, wrap })),
    ...hints.map((line) => paint('cyan', line)),
  ];
}

function renderOccurrence(
  { subject, message, details, components }: Occurrence,
  { paint, wrap }: Paper,
): string[] {
  const names = components.slice(0, MAX_NAMES).map(({ name }) => clean(name));
  const more = components.length > names.length ? ` and ${components.length - names.length} more` : '';
  // A message that names its subject needs no other line for it.
  const image = message.includes(subject) ? [] : wrap(subject, '    ');
  return [
    ...wrap(`${names.join(', ')}${more}`, '  ').map((line) => paint('bold', line)),
    ...image.map((line) => paint('dim', line)),
    ...wrap(message, '    '),
    ...details.flatMap((detail) => wrap(`- ${detail}`, '      ')),
  ];
}

function renderVerified({ components }: Report, { paint }: Paper): string[] {
  const verified = components.filter(({ outcome }) => outcome === 'verified');
  if (verified.length === 0) return [];
  const nameWidth = Math.min(40, Math.max(...verified.map(({ name }) => clean(name).length)));
  const toLine = (component: ComponentResult) => {
    const name = clean(component.name).padEnd(nameWidth);
    const image = clean(toShortReference(component.containerImage));
    const signers = clean(renderSigners(signaturesOf(component)));
    return `  ${name}  ${paint('dim', image)}${signers === '' ? '' : `  ${signers}`}`;
  };
  return [
    `${paint(['green', 'bold'], `${MARKS.verified} VERIFIED`)}  ${paint('dim', renderCount(verified.length, 'component'))}`,
    ...verified.map(toLine),
  ];
}

function renderTaskBundles({ taskBundles }: Report, { paint }: Paper): string[] {
  if (taskBundles.length === 0) return [];
  const order = [...OUTCOMES, 'collected'] as const;
  const severeFirst = order.flatMap((outcome) => taskBundles.filter((one) => one.outcome === outcome));
  const lines = severeFirst.map(({ reference, outcome, components }) => {
    const mark = paint(STYLES[outcome], MARKS[outcome]);
    const users = `${outcome}, used by ${renderCount(components.length, 'component')}`;
    return `  ${mark} ${clean(toShortReference(reference))}  ${paint('dim', users)}`;
  });
  return [paint('bold', 'Task bundles'), ...lines];
}

function renderWarnings({ warnings, components }: Report, { paint, wrap }: Paper): string[] {
  const texts = [
    ...warnings.map(({ code, message }) => `${code}: ${message}`),
    ...components.flatMap(({ name, warnings: own }) => own.map((message) => `${name}: ${message}`)),
  ];
  if (texts.length === 0) return [];
  return [paint(['yellow', 'bold'], 'Warnings'), ...texts.flatMap((text) => wrap(`! ${text}`, '  '))];
}

function renderLedger(report: Report, { paint, wrap }: Paper): string[] {
  const { usage, trust } = report;
  const cacheUse = report.cache === undefined ? [] : [`cache: ${renderCacheUse(report)}`];
  const registries = usage.registries.map((one) => {
    const retries = one.retries === 0 ? '' : `, ${renderCount(one.retries, 'retry', 'retries')}`;
    const answers = `${renderCount(one.requests, 'request')} (${renderStatuses(one)})${retries}`;
    return `${one.registry}: ${answers}, ${renderBytes(one.bytes)}`;
  });
  const shared = `${renderCount(usage.sharedLookups, 'lookup')} and ${renderCount(usage.sharedVerifications, 'verification')}`;
  const cost = `${renderDuration(usage.wallMs)}, peak memory ${renderBytes(usage.peakRssBytes)}, shared: ${shared}`;
  const lines = [...registries, `trust: ${trust.source}`, ...cacheUse, cost].flatMap((text) =>
    wrap(text, '  '),
  );
  return [paint('bold', 'Cost'), ...lines.map((line) => paint('dim', line))];
}

function renderVerdict(report: Report, { paint }: Paper): string[] {
  const verdict = paint([STYLES[report.result], 'bold'], report.result.toUpperCase());
  return [`${verdict}: ${renderHeadline(report)}`];
}
