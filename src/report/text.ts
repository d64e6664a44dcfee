// The report for a terminal: findings first, the counts last, where the eye of whoever scrolled is.
import { labelOf, ruleTitle, titleOf } from './checks.ts';
import { cutText } from './cut.ts';
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
import {
  type FindingGroup,
  groupFindings,
  groupPolicyWarnings,
  type Occurrence,
  type WarningGroup,
} from './groups.ts';
import { clean, type Paper, type PaperOptions, toPaper, toText } from './paper.ts';
import type { ComponentResult, Report } from './report.ts';

export interface TextOptions extends PaperOptions {
  /** List verified components one by one. Default: yes. */
  readonly showVerified?: boolean;
}

const MARKS = { verified: '✓', rejected: '✕', undetermined: '?', collected: '·' } as const;
const STYLES = { verified: 'green', rejected: 'red', undetermined: 'yellow', collected: 'dim' } as const;
/** Messages of one rule of a policy: the report has all of them. */
const MAX_OF_RULE = 20;
const MAX_NAME = 200;
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
    renderPolicyWarnings(report, paper),
    renderPolicy(report, paper),
    renderLedger(report, paper),
    renderVerdict(report, paper),
  ];
  const lines = blocks.filter((block) => block.length > 0).flatMap((block) => [...block, '']);
  return toText(lines.slice(0, -1));
}

function renderGroup(group: FindingGroup, { paint, wrap }: Paper): string[] {
  const mark = paint(
    [STYLES[group.outcome], 'bold'],
    `${MARKS[group.outcome]} ${group.outcome.toUpperCase()}`,
  );
  const title = cutText(clean(titleOf(group)), MAX_NAME);
  const hints = group.hints.slice(0, 3).flatMap((hint) => wrap(`What to do: ${hint}`, '  '));
  const shown = group.rule === undefined ? group.occurrences : group.occurrences.slice(0, MAX_OF_RULE);
  const hidden = group.occurrences.length - shown.length;
  return [
    `${mark}  ${paint('bold', title)}  ${paint('dim', renderScope(labelOf(group), group.componentCount))}`,
    ...shown.flatMap((occurrence) => renderOccurrence(occurrence, { paint, wrap })),
    ...(hidden > 0 ? [`  and ${renderCount(hidden, 'more message')} of this rule: see the report`] : []),
    ...hints.map((line) => paint('cyan', line)),
    ...renderDocs(group, { paint, wrap }),
  ];
}

function renderScope(label: string, componentCount: number): string {
  const count = renderCount(componentCount, 'component');
  return label === '' ? count : `${cutText(clean(label), MAX_NAME)}, ${count}`;
}

function renderDocs({ rule }: FindingGroup, { paint, wrap }: Paper): string[] {
  const url = rule?.docsUrl;
  return url ? wrap(`Documentation: ${url}`, '  ').map((line) => paint('dim', line)) : [];
}

function renderOccurrence(
  { subject, message, details, components }: Occurrence,
  { paint, wrap }: Paper,
): string[] {
  const names = components.slice(0, MAX_NAMES).map(({ name }) => clean(name));
  const more = components.length > names.length ? ` and ${components.length - names.length} more` : '';
  // A message that names its subject needs no other line for it.
  const image = subject === '' || message.includes(subject) ? [] : wrap(subject, '    ');
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

function renderPolicyWarnings(report: Report, { paint, wrap }: Paper): string[] {
  const groups = groupPolicyWarnings(report);
  if (groups.length === 0) return [];
  const toLines = (group: WarningGroup) => {
    const [first = '', ...more] = group.messages;
    const others = more.length > 0 ? ` (and ${renderCount(more.length, 'other message')})` : '';
    const head = `! ${cutText(clean(ruleTitle(group)), MAX_NAME)}  `;
    const scope = paint('dim', renderScope(group.code, group.componentCount));
    return [`  ${head}${scope}`, ...wrap(clean(first) + others, '      ')];
  };
  return [paint(['yellow', 'bold'], 'Warnings of the policy'), ...groups.flatMap(toLines)];
}

function renderPolicy({ policy }: Report, { paint, wrap }: Paper): string[] {
  if (policy === undefined) return [];
  const lines = policy.sources.flatMap(({ pinned }) => wrap(pinned, '  '));
  return [paint('bold', 'Policy'), ...lines.map((line) => paint('dim', line))];
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
