// What a GitHub runner shows on the run's page. Its limits decide the shape: 10 annotations per level and step,
// 4,096 UTF-16 units per message; what is beyond either is dropped without a word.
import { CHECKS, titleOf } from './checks.ts';
import { cutText } from './cut.ts';
import { toVisibleLine } from './escape.ts';
import { renderCount, renderHeadline, toShortReference } from './figures.ts';
import { type FindingGroup, groupFindings, type Occurrence } from './groups.ts';
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
      ...withinLimit([...warnings, ...runWarnings(report)], MAX_WARNINGS, 'warning'),
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
  const count = renderCount(group.componentCount, 'component');
  return {
    level,
    title: cutText(`${titleOf(group)} (${group.reason}), ${count}`, MAX_TITLE),
    message: toMessage(group),
  };
}

function toMessage(group: FindingGroup): string {
  const hint = `What to do: ${cutText(toVisibleLine(group.hints[0] ?? CHECKS[group.code].help), MAX_LINE)}`;
  const lines: string[] = [];
  let room = MAX_MESSAGE - hint.length - WHERE_TO_LOOK.length - 40;
  for (const occurrence of group.occurrences) {
    const line = toLine(occurrence);
    room -= line.length + 1;
    if (room < 0) break;
    lines.push(line);
  }
  const hidden = group.occurrences.length - lines.length;
  if (hidden > 0) lines.push(`+${hidden.toLocaleString('en-US')} more. ${WHERE_TO_LOOK}`);
  return [...lines, hint].join('\n');
}

function toLine({ subject, message, components }: Occurrence): string {
  const names = components.slice(0, 5).map(({ name }) => cutText(toVisibleLine(name), 80));
  const more = components.length > 5 ? ` and ${components.length - 5} more` : '';
  const who = names.length === 0 ? toShortReference(toVisibleLine(subject)) : names.join(', ') + more;
  return cutText(`${who}: ${toVisibleLine(message)}`, MAX_LINE);
}
