// The report as text in the shape that users of Conforma know: what was looked at, then every result with its image.
import { countResults, toTestResult } from './appstudio.ts';
import { checkOf, titleOf } from './checks.ts';
import { renderHeadline } from './figures.ts';
import { type Paper, type Style, toPaper, toText } from './paper.ts';
import type {
  ComponentResult,
  Finding,
  Outcome,
  PolicyMessage,
  PolicyRuleDetails,
  Report,
  Success,
} from './report.ts';

const WIDTH = 130;

/** How a class of results looks. */
interface Kind {
  readonly mark: string;
  readonly name: string;
  readonly style: Style;
}

const VIOLATION: Kind = { mark: '✕', name: 'Violation', style: 'red' };
const UNDETERMINED: Kind = { mark: '?', name: 'Undetermined', style: 'yellow' };
const WARNING: Kind = { mark: '›', name: 'Warning', style: 'yellow' };
const SUCCESS: Kind = { mark: '✓', name: 'Success', style: 'green' };

/** Labels and texts, in order; empty ones are left out. All of it is untrusted text. */
type Fields = readonly (readonly [label: string, text: string | undefined])[];

/** In pieces, one or more lines each, wrapped at 130 columns. What nobody could look at is no violation. */
export function* renderComponentText(
  report: Report,
  { color }: { readonly color: boolean },
): Generator<string> {
  const paper = toPaper({ color, width: WIDTH });
  yield toText(renderHead(report));
  for (const component of report.components) yield toText(renderComponent(component, paper));
  yield '\nResults:\n';
  for (const { code, message } of report.warnings)
    yield renderResult(WARNING, code, [['Reason', message]], paper);
  for (const kind of [violations, undetermined, warnings, successes]) {
    for (const component of report.components) yield* kind(component, paper);
  }
  yield toText([`${paper.paint('bold', report.result.toUpperCase())}: ${renderHeadline(report)}`]);
}

function renderHead(report: Report): string[] {
  const { successes: passed, failures, warnings: warned } = countResults(report);
  const open = report.components.reduce(
    (sum, component) => sum + findingsOf(component, 'undetermined').length,
    0,
  );
  return [
    `Success: ${report.result === 'verified'}`,
    `Result: ${toTestResult(report)}`,
    `Violations: ${failures}, Undetermined: ${open}, Warnings: ${warned}, Successes: ${passed}`,
  ];
}

function renderComponent(component: ComponentResult, { wrap, paint }: Paper): string[] {
  return [
    ...wrap(`Component: ${component.name}`, ''),
    ...wrap(`ImageRef: ${imageOf(component)}`, ''),
    `Outcome: ${paint(styleOf(component.outcome), component.outcome)}`,
  ];
}

function styleOf(outcome: Outcome): Style {
  return { verified: SUCCESS, rejected: VIOLATION, undetermined: UNDETERMINED }[outcome].style;
}

function* violations(component: ComponentResult, paper: Paper): Generator<string> {
  for (const finding of findingsOf(component, 'rejected'))
    yield renderFinding(VIOLATION, finding, component, paper);
}

function* undetermined(component: ComponentResult, paper: Paper): Generator<string> {
  for (const finding of findingsOf(component, 'undetermined'))
    yield renderFinding(UNDETERMINED, finding, component, paper);
}

function* warnings(component: ComponentResult, paper: Paper): Generator<string> {
  const image = ['ImageRef', imageOf(component)] as const;
  for (const message of component.warnings)
    yield renderResult(WARNING, '', [image, ['Reason', message]], paper);
  for (const { code, message, term, rule } of component.policyWarnings) {
    const fields: Fields = [image, ['Reason', message], ...toRuleFields(rule, term)];
    yield renderResult(WARNING, code ?? '', fields, paper);
  }
}

function* successes(component: ComponentResult, paper: Paper): Generator<string> {
  for (const success of component.successes) {
    const fields: Fields = [['ImageRef', imageOf(component)], ...toSuccessFields(success)];
    yield renderResult(SUCCESS, success.code, fields, paper);
  }
}

function toSuccessFields(success: Success): Fields {
  const check = checkOf(success);
  return [
    ['Title', success.rule?.title],
    ['Description', check?.description ?? success.rule?.description],
  ];
}

function renderFinding(kind: Kind, finding: Finding, component: ComponentResult, paper: Paper): string {
  const { code, message, term, hint, rule, details } = finding;
  const check = checkOf(finding);
  const words: Fields =
    check === undefined
      ? toRuleFields({ ...rule, solution: rule?.solution || hint }, term)
      : [
          ['Term', term],
          ['Title', titleOf(finding)],
          ['Description', check.description],
          ['Solution', hint],
        ];
  const fields: Fields = [
    ['ImageRef', imageOf(component)],
    ['Reason', message],
    ...details.map((detail) => ['Detail', detail] as const),
    ...words,
  ];
  return renderResult(kind, code, fields, paper);
}

function toRuleFields(rule: PolicyRuleDetails, term: PolicyMessage['term']): Fields {
  const terms = rule.terms ?? [];
  return [
    terms.length > 1 ? ['Terms', terms.join(', ')] : ['Term', term],
    ['Title', rule.title],
    ['Description', rule.description],
    ['Solution', rule.solution],
    ['Documentation', rule.docsUrl],
  ];
}

function renderResult(kind: Kind, code: string, fields: Fields, { paint, wrap }: Paper): string {
  const [head = '', ...more] = wrap(`[${kind.name}] ${code}`, '');
  return toText([
    [kind.mark, head].map((text) => paint(kind.style, text)).join(' '),
    ...more,
    ...fields.flatMap(([label, text]) => (text ? wrap(`${label}: ${text}`, '  ') : [])),
    '',
  ]);
}

function findingsOf({ findings }: ComponentResult, outcome: Finding['outcome']): Finding[] {
  return findings.filter((finding) => finding.outcome === outcome);
}

function imageOf({ resolved, containerImage }: ComponentResult): string {
  return resolved ?? containerImage;
}
