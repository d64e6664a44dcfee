// Findings of the whole run, grouped by what is to be done about them: one cause often hits many components.
import type { ErrorCode } from '../base/errors.ts';
import { checkOf, checkOrder } from './checks.ts';
import type { ComponentResult, Finding, PolicyMessage, PolicyRuleDetails, Report } from './report.ts';

/** One failure of one thing: of an image, or of a task bundle that several components used. */
export interface Occurrence {
  /** What failed: `repository@digest` where it is known; '' for several components of which a policy says the same. */
  readonly subject: string;
  readonly message: string;
  readonly details: readonly string[];
  /** Those whose outcome it decides. */
  readonly components: readonly ComponentResult[];
}

/** All findings with one outcome, check and reason; of policies, with one rule. */
export interface FindingGroup {
  readonly outcome: Finding['outcome'];
  readonly code: Finding['code'];
  readonly reason: ErrorCode;
  /** Set when a policy's rule said it. */
  readonly rule?: PolicyRuleDetails;
  /** Distinct; most often there is one. */
  readonly hints: readonly string[];
  /** In the order of the report. */
  readonly occurrences: readonly Occurrence[];
  /** Distinct components in all occurrences. */
  readonly componentCount: number;
}

interface OccurrenceDraft extends Omit<Occurrence, 'components'> {
  readonly components: Set<ComponentResult>;
}

interface Draft {
  readonly first: Finding;
  readonly hints: Set<string>;
  readonly components: Set<ComponentResult>;
  readonly occurrences: Map<string, OccurrenceDraft>;
}

/** Most severe first: rejected before undetermined, then what hits most components. */
export function groupFindings(report: Report): FindingGroup[] {
  const drafts = new Map<string, Draft>();
  for (const [index, component] of report.components.entries()) {
    for (const finding of component.findings) {
      addFinding(drafts, finding, toSubject(finding, component, index), [component]);
    }
  }
  for (const { reference, components, findings } of report.taskBundles) {
    const users = new Set(components);
    const affected = report.components.filter(
      (component) => findings.length > 0 && users.has(component.containerImage),
    );
    for (const finding of findings)
      addFinding(drafts, finding, { key: reference, name: reference }, affected);
  }
  return [...drafts.values()].map(toGroup).sort(bySeverity);
}

interface Subject {
  /** Findings of one check and reason with one key are one occurrence. */
  readonly key: string;
  readonly name: string;
}

/** A task bundle fails once, however many components used it; everything else fails for its component. */
function toSubject(finding: Finding, component: ComponentResult, index: number): Subject {
  const isShared =
    checkOf(finding)?.code === 'builtin.task_bundle.signature_check' && finding.term !== undefined;
  if (isShared) return { key: finding.term, name: finding.term };
  // What a policy says in the same words of many components is told once.
  const owner = finding.rule === undefined ? index : null;
  const key = JSON.stringify([owner, finding.term ?? null, finding.message]);
  return { key, name: component.resolved ?? component.containerImage };
}

function addFinding(
  drafts: Map<string, Draft>,
  finding: Finding,
  subject: Subject,
  affected: readonly ComponentResult[],
): void {
  const draft = draftOf(drafts, finding);
  draft.hints.add(finding.hint);
  const { message, details } = finding;
  const occurrence: OccurrenceDraft = draft.occurrences.get(subject.key) ?? {
    subject: subject.name,
    message,
    details,
    components: new Set(),
  };
  draft.occurrences.set(subject.key, occurrence);
  for (const component of affected) {
    draft.components.add(component);
    occurrence.components.add(component);
  }
}

function draftOf(drafts: Map<string, Draft>, finding: Finding): Draft {
  const isPolicy = finding.rule !== undefined;
  const key = JSON.stringify([finding.outcome, finding.code, finding.reason, isPolicy]);
  const known = drafts.get(key);
  if (known !== undefined) return known;
  const draft: Draft = { first: finding, hints: new Set(), components: new Set(), occurrences: new Map() };
  drafts.set(key, draft);
  return draft;
}

function toGroup({ first, hints, components, occurrences }: Draft): FindingGroup {
  const { outcome, code, reason, rule } = first;
  return {
    outcome,
    code,
    reason,
    ...(rule === undefined ? {} : { rule }),
    hints: rule?.solution ? [rule.solution] : [...hints],
    occurrences: [...occurrences.values()].map((draft) => toOccurrence(draft, rule !== undefined)),
    componentCount: components.size,
  };
}

function toOccurrence({ components, subject, ...draft }: OccurrenceDraft, isPolicy: boolean): Occurrence {
  return { ...draft, subject: isPolicy && components.size > 1 ? '' : subject, components: [...components] };
}

function bySeverity(a: FindingGroup, b: FindingGroup): number {
  if (a.outcome !== b.outcome) return a.outcome === 'rejected' ? -1 : 1;
  return (
    b.componentCount - a.componentCount ||
    checkOrder(a) - checkOrder(b) ||
    a.reason.localeCompare(b.reason, 'en') ||
    a.code.localeCompare(b.code, 'en')
  );
}

/** All warnings of policies from one rule. */
export interface WarningGroup {
  /** '' when the rule gave none. */
  readonly code: string;
  readonly rule: PolicyRuleDetails;
  /** Distinct, in the order of the report. */
  readonly messages: readonly string[];
  /** Distinct components that it was said of. */
  readonly componentCount: number;
}

/** What was said of most components first. */
export function groupPolicyWarnings({ components }: Pick<Report, 'components'>): WarningGroup[] {
  const drafts = new Map<
    string,
    { first: PolicyMessage; messages: Set<string>; components: Set<ComponentResult> }
  >();
  for (const component of components) {
    for (const warning of component.policyWarnings) {
      const { code = '' } = warning;
      const draft = drafts.get(code) ?? { first: warning, messages: new Set(), components: new Set() };
      drafts.set(code, draft);
      draft.messages.add(warning.message);
      draft.components.add(component);
    }
  }
  const groups = [...drafts].map(([code, draft]): WarningGroup => {
    const { first, messages } = draft;
    return { code, rule: first.rule, messages: [...messages], componentCount: draft.components.size };
  });
  return groups.sort((a, b) => b.componentCount - a.componentCount || a.code.localeCompare(b.code, 'en'));
}
