// The sections of the job summary: what each of them says, not how much of it fits.
import { labelOf, ruleTitle, titleOf } from './checks.ts';
import { cutText } from './cut.ts';
import { escapeMarkdown, toHttpUrl, toMarkdownCode } from './escape.ts';
import {
  OUTCOME_MARKS,
  OUTCOMES,
  renderBytes,
  renderCacheUse,
  renderCause,
  renderCount,
  renderDuration,
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
import type { ComponentResult, RegistryUsage, Report, TaskBundleResult } from './report.ts';

export interface Section {
  readonly head: readonly string[];
  /** In order of importance: the last ones are left out first. */
  readonly rows: readonly string[];
  /** Shown below the rows however many of them fit; may be empty. */
  readonly tail: string;
  /** What a row is about, for the count of those left out. */
  readonly noun: string;
}

const MAX_NAME = 120;
const MAX_REFERENCE = 300;
const MAX_TEXT = 1000;
const MAX_HINTS = 3;
/** Messages that one rule of a policy has in the summary. */
const MAX_OF_RULE = 20;
/** Names in one cell. */
const MAX_NAMES = 20;

export function findingsSection(report: Report): Section | undefined {
  const rows = groupFindings(report).flatMap(toFindingRows);
  if (rows.length === 0) return undefined;
  return { head: ['### What to look at'], rows, tail: '', noun: 'finding' };
}

/** A row for each occurrence; the first one brings the heading with it. */
function toFindingRows(group: FindingGroup): string[] {
  const parts = [
    `${OUTCOME_MARKS[group.outcome]} ${toShortText(titleOf(group), MAX_NAME)}`,
    toMarkdownCode(cutText(labelOf(group), MAX_NAME)),
    renderCount(group.componentCount, 'component'),
  ];
  const heading = `#### ${parts.filter((part) => part !== '').join(' · ')}`;
  const hints = group.hints
    .slice(0, MAX_HINTS)
    .map((hint) => `> <b>What to do:</b> ${toShortText(hint, MAX_TEXT)}`);
  const quoted = [...renderRule(group), ...hints].join('\n>\n');
  const shown = group.rule === undefined ? group.occurrences : group.occurrences.slice(0, MAX_OF_RULE);
  const [first = '', ...rest] = shown.map(toOccurrenceRow);
  const hidden = group.occurrences.length - shown.length;
  const more =
    hidden > 0 ? [`- and ${renderCount(hidden, 'more message')} of this rule: see the report.`] : [];
  return [['', heading, '', quoted, '', first].join('\n'), ...rest, ...more];
}

/** What a policy says of its rule. */
function renderRule({ rule }: FindingGroup): string[] {
  const description = rule?.description ? [`> ${toShortText(rule.description, MAX_TEXT)}`] : [];
  const url = toHttpUrl(rule?.docsUrl);
  return url === undefined
    ? description
    : [...description, `> <a href="${url}">Documentation of the rule</a>`];
}

function toOccurrenceRow({ subject, message, details, components }: Occurrence): string {
  // A message that names its subject needs no other line for it.
  const image =
    subject === '' || message.includes(subject) ? '' : ` ${toMarkdownCode(cutText(subject, MAX_REFERENCE))}`;
  const lines = [
    `- <b>${toNameList(components.map(({ name }) => name))}</b>${image}<br>`,
    `  ${escapeMarkdown(cutText(message, MAX_TEXT))}`,
  ];
  if (details.length > 0) {
    const items = details.map((detail) => `  - ${escapeMarkdown(cutText(detail, MAX_TEXT / 2))}`);
    const summary = `<summary>${renderCount(details.length, 'piece')} of evidence looked at</summary>`;
    lines.push('', `  <details>${summary}`, '', ...items, '', '  </details>', '');
  }
  return lines.join('\n');
}

export function componentsSection({ components }: Report): Section | undefined {
  if (components.length === 0) return undefined;
  const severeFirst = OUTCOMES.flatMap((outcome) => components.filter((one) => one.outcome === outcome));
  return {
    head: [
      `### Components (${components.length})`,
      '',
      '| Component | Image | Outcome | Signed by | Cause |',
      '|---|---|---|---|---|',
    ],
    rows: severeFirst.map(toComponentRow),
    tail: '',
    noun: 'component',
  };
}

function toComponentRow(component: ComponentResult): string {
  const { name, containerImage, outcome, platform } = component;
  const image = toMarkdownCode(cutText(toShortReference(containerImage), MAX_REFERENCE));
  return toRow([
    escapeMarkdown(cutText(name, MAX_NAME)),
    platform === undefined ? image : `${image} ${escapeMarkdown(cutText(platform, MAX_NAME))}`,
    `${OUTCOME_MARKS[outcome]} ${outcome}`,
    toMarkdownCode(cutText(renderSigners(signaturesOf(component)), MAX_REFERENCE)),
    toShortText(renderCause(component), MAX_REFERENCE),
  ]);
}

export function taskBundlesSection(report: Report): Section | undefined {
  const { taskBundles } = report;
  if (taskBundles.length === 0) return undefined;
  const nameOf = new Map(report.components.map(({ containerImage, name }) => [containerImage, name]));
  const order = [...OUTCOMES, 'collected'] as const;
  const severeFirst = order.flatMap((outcome) => taskBundles.filter((one) => one.outcome === outcome));
  return {
    head: [
      `### Task bundles (${taskBundles.length})`,
      '',
      '| Task bundle | Outcome | Signed by | Used by |',
      '|---|---|---|---|',
    ],
    rows: severeFirst.map((bundle) => toTaskBundleRow(bundle, nameOf)),
    tail: taskBundles.some(({ outcome }) => outcome === 'collected')
      ? '_Collected: no key or identity for task bundles was given, their signatures were not looked at._'
      : '',
    noun: 'task bundle',
  };
}

function toTaskBundleRow(bundle: TaskBundleResult, nameOf: ReadonlyMap<string, string>): string {
  return toRow([
    toMarkdownCode(cutText(toShortReference(bundle.reference), MAX_REFERENCE)),
    `${OUTCOME_MARKS[bundle.outcome]} ${bundle.outcome}`,
    toMarkdownCode(cutText(renderSigners(bundle.signatures), MAX_REFERENCE)),
    toNameList(bundle.components.map((image) => nameOf.get(image) ?? image)),
  ]);
}

export function warningsSection({ warnings, components }: Report): Section | undefined {
  const ofRun = warnings.map(({ code, message }) => ({ label: code, message }));
  const ofComponents = components.flatMap(({ name, warnings: messages }) =>
    messages.map((message) => ({ label: name, message })),
  );
  const rows = [...ofRun, ...ofComponents].map(
    ({ label, message }) =>
      `- <b>${escapeMarkdown(cutText(label, MAX_NAME))}</b>: ${escapeMarkdown(cutText(message, MAX_TEXT))}`,
  );
  if (rows.length === 0) return undefined;
  return { head: ['### Warnings', ''], rows, tail: '', noun: 'warning' };
}

export function policyWarningsSection(report: Report): Section | undefined {
  const rows = groupPolicyWarnings(report).map(toPolicyWarningRow);
  if (rows.length === 0) return undefined;
  return { head: ['### Warnings of the policy', ''], rows, tail: '', noun: 'rule with warnings' };
}

function toPolicyWarningRow({ code, rule, messages, componentCount }: WarningGroup): string {
  const heading = [
    `<b>${toShortText(ruleTitle({ code, rule }), MAX_NAME)}</b>`,
    toMarkdownCode(cutText(code, MAX_NAME)),
    renderCount(componentCount, 'component'),
  ];
  const more = messages.length > 1 ? ` (and ${renderCount(messages.length - 1, 'other message')})` : '';
  const first = toShortText(messages[0] ?? '', MAX_TEXT) + more;
  return [`- ${heading.filter((part) => part !== '').join(' · ')}<br>`, `  ${first}`].join('\n');
}

export function policySection({ policy }: Report): Section | undefined {
  if (policy === undefined || policy.sources.length === 0) return undefined;
  const rows = policy.sources.map(({ url, pinned }) =>
    toRow([url, pinned].map((text) => toMarkdownCode(cutText(text, MAX_REFERENCE)))),
  );
  return { head: ['### Policy', '', '| Source | Pinned |', '|---|---|'], rows, tail: '', noun: 'source' };
}

export function requestsSection(report: Report): Section {
  const { usage } = report;
  const cacheUse = report.cache === undefined ? [] : [`Cache: ${renderCacheUse(report)}.`];
  const shared = `${renderCount(usage.sharedLookups, 'lookup')} and ${renderCount(usage.sharedVerifications, 'verification')}`;
  const cost = `${renderDuration(usage.wallMs)}, peak memory ${renderBytes(usage.peakRssBytes)}`;
  const busiestFirst = [...usage.registries].sort((a, b) => b.requests - a.requests);
  return {
    head: [
      '### Requests',
      '',
      '| Registry | Requests | Answers | Retries | Received |',
      '|---|--:|---|--:|--:|',
    ],
    rows: busiestFirst.map(toRegistryRow),
    tail: [`Shared between components: ${shared}. Took ${cost}.`, ...cacheUse].join('\n\n'),
    noun: 'registry host',
  };
}

function toRegistryRow(usage: RegistryUsage): string {
  return toRow([
    toMarkdownCode(cutText(usage.registry, MAX_REFERENCE)),
    String(usage.requests),
    escapeMarkdown(cutText(renderStatuses(usage), MAX_TEXT)),
    String(usage.retries),
    renderBytes(usage.bytes),
  ]);
}

function toNameList(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => escapeMarkdown(cutText(name, MAX_NAME)));
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return shown.join(', ') + more;
}

/** Cut before it is escaped: what is left out of an escape could mean anything. */
function toShortText(text: string, maxLength: number): string {
  return escapeMarkdown(cutText(text, maxLength));
}

function toRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
