// The report as JUnit XML, in the dialect that CI systems share: a suite per component, a case per check.
// Rejected is a failure; undetermined is an error, which is JUnit's word for "the test could not be run".
import { type Described, ruleTitle } from './checks.ts';
import { cutText } from './cut.ts';
import { escapeXml } from './escape.ts';
import { renderHeadline } from './figures.ts';
import { cutPolicyText } from './policy-metadata.ts';
import type { ComponentResult, Finding, Outcome, PolicyMessage, Report } from './report.ts';

interface TestCase {
  readonly name: string;
  /** A warning of a policy decides nothing. */
  readonly outcome: Outcome | 'warning';
  /** Why it did not pass: JUnit's `type`, `message` and text. */
  readonly reason?: string;
  readonly message?: string;
  readonly lines?: readonly string[];
}

interface TestSuite {
  readonly name: string;
  readonly cases: readonly TestCase[];
}

const COUNTS = ['tests', 'failures', 'errors', 'skipped'] as const;
type Counts = Record<(typeof COUNTS)[number], number>;

const MAX_NAME = 4_000;

/** In pieces; the last ends in a line break. */
export function* renderJunit(report: Report): Generator<string> {
  const total: Counts = { tests: 0, failures: 0, errors: 0, skipped: 0 };
  for (const suite of toSuites(report)) {
    const counts = countCases(suite);
    for (const name of COUNTS) total[name] += counts[name];
  }
  const time = (report.usage.wallMs / 1000).toFixed(3);
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield `<testsuites name="proofgate"${renderCounts(total)} time="${time}">\n`;
  for (const suite of toSuites(report)) yield* renderSuite(suite, report.startedAt);
  yield '</testsuites>\n';
}

function* toSuites(report: Report): Generator<TestSuite> {
  for (const component of report.components) yield toSuite(component);
  yield runSuite(report);
}

/** A run whose result is not the sum of its checks, such as one without components, must not read as green. */
function runSuite(report: Report): TestSuite {
  const verdict = { name: 'result', outcome: report.result };
  const why = { reason: report.result, message: renderHeadline(report) };
  return { name: 'proofgate', cases: [report.result === 'verified' ? verdict : { ...verdict, ...why }] };
}

function toSuite(component: ComponentResult): TestSuite {
  const passed = component.successes.map(
    (success): TestCase => ({ name: toName(success), outcome: 'verified' }),
  );
  return {
    name: `${component.name} (${component.containerImage})`,
    cases: [...component.findings.map(toCase), ...component.policyWarnings.map(toWarningCase), ...passed],
  };
}

function toCase(finding: Finding): TestCase {
  const { outcome, reason, hint, details, rule } = finding;
  const message = rule === undefined ? finding.message : cutPolicyText(finding.message);
  const about = rule === undefined ? [] : [`Rule: ${cutText(ruleTitle(finding), MAX_NAME)}`];
  const solution = rule?.solution ? cutPolicyText(rule.solution) : hint;
  return {
    name: toName(finding),
    outcome,
    reason,
    message,
    lines: [message, ...details.map((line) => `- ${line}`), ...about, `What to do: ${solution}`],
  };
}

/** JUnit has no warnings; Conforma's are skipped cases too. */
function toWarningCase(warning: PolicyMessage): TestCase {
  return { name: toName(warning), outcome: 'warning', message: cutPolicyText(warning.message) };
}

function toName(result: Described & { readonly term?: string }): string {
  const name = cutText(result.code || ruleTitle(result), MAX_NAME);
  return result.term === undefined ? name : `${name} [${cutText(result.term, MAX_NAME)}]`;
}

function* renderSuite(suite: TestSuite, timestamp: string): Generator<string> {
  const { name, cases } = suite;
  yield `  <testsuite name="${escapeXml(name)}"${renderCounts(countCases(suite))} timestamp="${escapeXml(timestamp)}">\n`;
  for (const testCase of cases) yield `${renderCase(testCase, name).join('\n')}\n`;
  yield '  </testsuite>\n';
}

function renderCase(
  { name, outcome, reason = '', message = '', lines = [] }: TestCase,
  suite: string,
): string[] {
  const head = `    <testcase name="${escapeXml(name)}" classname="${escapeXml(suite)}"`;
  if (outcome === 'verified') return [`${head}/>`];
  if (outcome === 'warning')
    return [`${head}>`, `      <skipped message="${escapeXml(message)}"/>`, '    </testcase>'];
  const element = outcome === 'rejected' ? 'failure' : 'error';
  const attributes = `type="${escapeXml(reason)}" message="${escapeXml(message)}"`;
  const text = escapeXml(lines.join('\n'));
  return [`${head}>`, `      <${element} ${attributes}>${text}</${element}>`, '    </testcase>'];
}

function countCases({ cases }: TestSuite): Counts {
  const count = (outcome: TestCase['outcome']) => cases.filter((one) => one.outcome === outcome).length;
  return {
    tests: cases.length,
    failures: count('rejected'),
    errors: count('undetermined'),
    skipped: count('warning'),
  };
}

function renderCounts(counts: Counts): string {
  return COUNTS.map((name) => ` ${name}="${counts[name]}"`).join('');
}
