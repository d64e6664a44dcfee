// The job summary in GitHub's Markdown. GitHub drops a summary of more than 1 MiB as a whole, so every section
// has a share of the bytes; what does not fit is counted, and verified components go first.
import { cutText, fitLines } from './cut.ts';
import { escapeMarkdown } from './escape.ts';
import { OUTCOME_MARKS, renderCount, renderHeadline } from './figures.ts';
import type { Report } from './report.ts';
import {
  componentsSection,
  findingsSection,
  policySection,
  policyWarningsSection,
  requestsSection,
  type Section,
  taskBundlesSection,
  warningsSection,
} from './summary-sections.ts';

const MAX_BYTES = 900 * 1024;

/**
 * Renders the summary within `maxBytes` of UTF-8. Findings claim bytes before anything else: they are why
 * somebody opens it.
 */
export function renderSummary(report: Report, maxBytes: number = MAX_BYTES): string {
  const head = `## ${OUTCOME_MARKS[report.result]} Proofgate: ${report.result}\n\n**${renderHeadline(report)}**\n\n`;
  const foot = renderFoot(report);
  let room = maxBytes - Buffer.byteLength(head + foot);
  if (room < 0) return Buffer.byteLength(head) <= maxBytes ? head : '';
  // In the order in which they claim bytes, each a share of what is left; the order of reading is another.
  const place = (section: Section | undefined, share: number): string => {
    const text = section === undefined ? '' : renderSection(section, Math.floor(room * share));
    room -= Buffer.byteLength(text);
    return text;
  };
  const findings = place(findingsSection(report), 0.6);
  const warnings = place(warningsSection(report), 0.2) + place(policyWarningsSection(report), 0.2);
  const requests = place(requestsSection(report), 0.3);
  const components = place(componentsSection(report), 0.8);
  const policy = place(policySection(report), 0.3);
  const taskBundles = place(taskBundlesSection(report), 1);
  return head + findings + components + taskBundles + warnings + policy + requests + foot;
}

/** Ends in an empty line. Nothing at all when not even the frame fits. */
function renderSection({ head, rows, tail, noun }: Section, maxBytes: number): string {
  const note = (count: number) => ['', `_${renderCount(count, `more ${noun}`)}: see the report._`];
  const compose = (body: readonly string[]) =>
    [...head, ...body, ...(tail === '' ? [] : ['', tail]), '', ''].join('\n');
  const frameBytes = Buffer.byteLength(compose(note(rows.length)));
  if (frameBytes > maxBytes) return '';
  const { lines, leftOut } = fitLines(rows, maxBytes - frameBytes);
  return compose(leftOut === 0 ? lines : [...lines, ...note(leftOut)]);
}

function renderFoot({ version, trust, effectiveTime }: Report): string {
  const root = trust.fingerprint === undefined ? '' : ` (root ${trust.fingerprint.slice(0, 12)}…)`;
  const parts = [`Proofgate ${version}`, `trust: ${trust.source}${root}`, `effective time ${effectiveTime}`];
  return `<sub>${parts.map((part) => escapeMarkdown(cutText(part, 300))).join(' · ')}</sub>\n`;
}
