// The TEST_OUTPUT of Tekton tasks in the dialect of Konflux: one line that a task's result can hold (4 KiB for all).
import { cutText } from './cut.ts';
import { renderCount } from './figures.ts';
import { countOutcomes, type Report } from './report.ts';

/** Tekton's and Conforma's word for the whole. */
export type TestResult = 'SUCCESS' | 'WARNING' | 'SKIPPED' | 'FAILURE' | 'ERROR';

/** One line of JSON; nothing in it was written by others. */
export function renderAppstudio(report: Report): string {
  const note = renderNote(report);
  const output = {
    timestamp: String(Math.floor(Date.parse(report.startedAt) / 1000)),
    namespace: '',
    ...countResults(report),
    result: toTestResult(report),
    ...(note === '' ? {} : { note }),
  };
  return `${JSON.stringify(output)}\n`;
}

/** As JSON: TEST_OUTPUT stays below the KiB that a task with a few steps has for its results. */
const MAX_NOTE_BYTES = 700;

/** The same for a run that has no report: bad input, or a defect. One line of JSON, at most a KiB. */
export function renderAppstudioError(note: string, atMs: number): string {
  const output = {
    timestamp: String(Math.floor(atMs / 1000)),
    namespace: '',
    successes: 0,
    failures: 0,
    warnings: 0,
    result: 'ERROR' satisfies TestResult,
    note: fitNote(note),
  };
  return `${JSON.stringify(output)}\n`;
}

function fitNote(note: string): string {
  const isShort = Buffer.byteLength(JSON.stringify(note)) <= MAX_NOTE_BYTES;
  return isShort ? note : fitNote(cutText(note, Math.floor(Math.min(note.length, MAX_NOTE_BYTES) * 0.9)));
}

/** Of all components: checks and rules that passed, that did not, and warnings. */
export function countResults({ components }: Pick<Report, 'components'>): {
  readonly successes: number;
  readonly failures: number;
  readonly warnings: number;
} {
  let [successes, failures, warnings] = [0, 0, 0];
  for (const component of components) {
    successes += component.successes.length;
    failures += component.findings.filter(({ outcome }) => outcome === 'rejected').length;
    warnings += component.warnings.length + component.policyWarnings.length;
  }
  return { successes, failures, warnings };
}

/** What nobody could look at is an ERROR: neither a failure of the release nor, ever, a success. */
export function toTestResult(report: Report): TestResult {
  if (report.result === 'rejected') return 'FAILURE';
  if (report.result === 'undetermined') return 'ERROR';
  const { successes, warnings } = countResults(report);
  if (warnings > 0) return 'WARNING';
  return successes === 0 ? 'SKIPPED' : 'SUCCESS';
}

function renderNote({ components }: Report): string {
  if (components.length === 0) return 'No component was looked at.';
  const { undetermined } = countOutcomes(components);
  if (undetermined === 0) return '';
  const reasons = components.flatMap(({ findings }) =>
    findings.filter(({ outcome }) => outcome === 'undetermined').map(({ reason }) => reason),
  );
  const causes = [...new Set(reasons)].sort().slice(0, 5).join(', ');
  const which = `${undetermined} of ${renderCount(components.length, 'component')}`;
  return `${which} could not be checked${causes === '' ? '' : `: ${causes}`}.`;
}
