// The report as JUnit XML, in the dialect that CI systems share: a suite per component, a case per check.
// Rejected is a failure; undetermined is an error, which is JUnit's word for "the test could not be run".
import { escapeXml } from './escape.ts';
import { renderHeadline } from './figures.ts';
import type { ComponentResult, Finding, Outcome, Report } from './report.ts';

interface TestCase {
  readonly name: string;
  readonly outcome: Outcome;
  /** Why it did not pass: JUnit's `type`, `message` and text. */
  readonly reason?: string;
  readonly message?: string;
  readonly lines?: readonly string[];
}

interface TestSuite {
  readonly name: string;
  readonly cases: readonly TestCase[];
}

/** Ends in a line break. */
export function renderJunit(report: Report): string {
  const suites = [...report.components.map(toSuite), runSuite(report)];
  const cases = suites.flatMap((suite) => suite.cases);
  const time = (report.usage.wallMs / 1000).toFixed(3);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="proofgate"${tally(cases)} time="${time}">`,
    ...suites.flatMap((suite) => renderSuite(suite, report.effectiveTime)),
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

/** A run whose result is not the sum of its checks, such as one without components, must not read as green. */
function runSuite(report: Report): TestSuite {
  const verdict = { name: 'result', outcome: report.result };
  const why = { reason: report.result, message: renderHeadline(report) };
  return { name: 'proofgate', cases: [report.result === 'verified' ? verdict : { ...verdict, ...why }] };
}

function toSuite(component: ComponentResult): TestSuite {
  const passed = component.successes.map(({ code }): TestCase => ({ name: code, outcome: 'verified' }));
  return {
    name: `${component.name} (${component.containerImage})`,
    cases: [...component.findings.map(toCase), ...passed],
  };
}

function toCase({ code, outcome, reason, message, hint, term, details }: Finding): TestCase {
  const name = term === undefined ? code : `${code} [${term}]`;
  return {
    name,
    outcome,
    reason,
    message,
    lines: [message, ...details.map((line) => `- ${line}`), `What to do: ${hint}`],
  };
}

function renderSuite({ name, cases }: TestSuite, timestamp: string): string[] {
  return [
    `  <testsuite name="${escapeXml(name)}"${tally(cases)} timestamp="${escapeXml(timestamp)}">`,
    ...cases.flatMap((testCase) => renderCase(testCase, name)),
    '  </testsuite>',
  ];
}

function renderCase(
  { name, outcome, reason = '', message = '', lines = [] }: TestCase,
  suite: string,
): string[] {
  const head = `    <testcase name="${escapeXml(name)}" classname="${escapeXml(suite)}"`;
  if (outcome === 'verified') return [`${head}/>`];
  const element = outcome === 'rejected' ? 'failure' : 'error';
  const attributes = `type="${escapeXml(reason)}" message="${escapeXml(message)}"`;
  const text = escapeXml(lines.join('\n'));
  return [`${head}>`, `      <${element} ${attributes}>${text}</${element}>`, '    </testcase>'];
}

function tally(cases: readonly TestCase[]): string {
  const count = (outcome: Outcome) => cases.filter((testCase) => testCase.outcome === outcome).length;
  return ` tests="${cases.length}" failures="${count('rejected')}" errors="${count('undetermined')}" skipped="0"`;
}
