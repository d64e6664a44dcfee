// What a GitHub runner shows on the run's page. Its limits decide the shape: 10 annotations per level and step,
// 4,096 UTF-16 units per message; what is beyond either is dropped without a word.
import { checkOf, type Described, labelOf, ruleTitle, titleOf } from './checks.ts';
import { cutText } from './cut.ts';
import { toHttpUrl, toVisibleLine } from './escape.ts';
import { renderCount, renderHeadline, toShortReference } from './figures.ts';
import {
  type FindingGroup,
  groupFindings,
  groupPolicyWarnings,
  type Occurrence,
  type WarningGroup,
} from './groups.ts';
import type { Report } from './report.ts';

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

export interface AnnotationPlan {
  readonly annotations: readonly Annotation[];
  /** For `setFailed`, which makes an error annotation of its own; undefined when everything is verified. */
  readonly failureMessage: string | undefined;
}

const MAX_MESSAGE = 4096;
const MAX_TITLE = 200;
/** Of what others wrote. */
const MAX_TITLE_PART = 80;
const MAX_LINE = 700;
/** The tenth is the failure message. */
const MAX_ERRORS = 9;
/** The rest is for others who share the step, such as a cache client. */
const MAX_WARNINGS = 7;
const WHERE_TO_LOOK = 'The job summary and the report list all of them.';

/**
 * Plans the annotations, one per check and reason, most severe first, the components listed inside.
 *
 * Rejected is an error. Undetermined is an error as well while it is what fails the run; beside something
 * rejected it is a warning, so that it neither takes the place of an error nor reads like one.
 */
export function planAnnotations(report: Report): AnnotationPlan {
  const groups = groupFindings(report);
  const hasRejected = report.result === 'rejected';
  const isError = (group: FindingGroup) => group.outcome === 'rejected' || !hasRejected;
  const errors = groups.filter(isError).map((group) => toAnnotation('error', group));
  const warnings = groups.filter((group) => !isError(group)).map((group) => toAnnotation('warning', group));
  return {
    annotations: [
      ...withinLimit(errors, MAX_ERRORS, 'error'),
      ...withinLimit(
        [...warnings, ...runWarnings(report), ...policyWarnings(report)],
        MAX_WARNINGS,
        'warning',
      ),
    ],
    failureMessage: report.result === 'verified' ? undefined : renderFailure(report),
  };
}

function renderFailure(report: Report): string {
  const verdict = report.result === 'rejected' ? 'Release rejected' : 'Release could not be verified';
  return `${verdict}: ${renderHeadline(report)}.`;
}

function runWarnings(report: Report): Annotation[] {
  return report.warnings.map(({ code, message }) => ({
    level: 'warning',
    title: cutText(toVisibleLine(`Proofgate: ${code}`), MAX_TITLE),
    message: cutText(toVisibleLine(message), MAX_MESSAGE),
  }));
}

/** The last one allowed says what is missing: a list that just ends would read as complete. */
function withinLimit(
  annotations: readonly Annotation[],
  limit: number,
  level: Annotation['level'],
): Annotation[] {
  if (annotations.length <= limit) return [...annotations];
  const shown = annotations.slice(0, limit - 1);
  const hidden = annotations.slice(limit - 1).map(({ title }) => `- ${title}`);
  const message = [...hidden, WHERE_TO_LOOK].join('\n');
  return [...shown, { level, title: `${hidden.length} more`, message: cutText(message, MAX_MESSAGE) }];
}

function toAnnotation(level: Annotation['level'], group: FindingGroup): Annotation {
  return {
    level,
    title: toTitle(titleOf(group), labelOf(group), group.componentCount),
    message: toMessage(group),
  };
}

function policyWarnings(report: Report): Annotation[] {
  return groupPolicyWarnings(report).map((group) => ({
    level: 'warning',
    title: toTitle(ruleTitle(group), group.code, group.componentCount),
    message: toWarningMessage(group),
  }));
}

/** The parts that others wrote are cut, the count is not. */
function toTitle(title: string, label: string, componentCount: number): string {
  const named = cutText(toVisibleLine(title), MAX_TITLE_PART);
  const suffix = label === '' || label === title ? '' : ` (${cutText(toVisibleLine(label), MAX_TITLE_PART)})`;
  return `${named}${suffix}, ${renderCount(componentCount, 'component')}`;
}

function toMessage(group: FindingGroup): string {
  const hint = `What to do: ${toShortLine(group.hints[0] || checkOf(group)?.help || WHERE_TO_LOOK)}`;
  const foot = [hint, ...toDocsLines(group)];
  return toBoundedList(group.occurrences, toLine, foot);
}

function toWarningMessage({ messages, rule }: WarningGroup): string {
  const solution = rule.solution ? [`What to do: ${toShortLine(rule.solution)}`] : [];
  return toBoundedList(messages, toShortLine, [...solution, ...toDocsLines({ rule })]);
}

function toDocsLines({ rule }: Described): string[] {
  const url = toHttpUrl(rule?.docsUrl);
  return url === undefined || url.length > MAX_LINE ? [] : [`Documentation: ${url}`];
}

/** As many lines as fit above the foot, and how many did not. */
function toBoundedList<T>(all: readonly T[], render: (item: T) => string, foot: readonly string[]): string {
  const lines: string[] = [];
  let room = MAX_MESSAGE - foot.join('\n').length - WHERE_TO_LOOK.length - 40;
  for (const item of all) {
    const line = render(item);
    room -= line.length + 1;
    if (room < 0) break;
    lines.push(line);
  }
  const hidden = all.length - lines.length;
  if (hidden > 0) lines.push(`+${hidden.toLocaleString('en-US')} more. ${WHERE_TO_LOOK}`);
  return [...lines, ...foot].join('\n');
}

function toLine({ subject, message, components }: Occurrence): string {
  const names = components.slice(0, 5).map(({ name }) => cutText(toVisibleLine(name), 80));
  const more = components.length > 5 ? ` and ${components.length - 5} more` : '';
  const who = names.length === 0 ? toShortReference(toVisibleLine(subject)) : names.join(', ') + more;
  return cutText(`${who}: ${toShortLine(message)}`, MAX_LINE);
}

function toShortLine(text: string): string {
  return cutText(toVisibleLine(cutText(text, MAX_LINE + 1)), MAX_LINE);
}
