// What `INFO=false` leaves out of a report: what rules say about themselves. What they decided, and what to do, stays.
import type { PolicyRuleDetails, Report } from '../report/report.ts';

/** The same report without titles, descriptions and the like. */
export function withoutRuleInfo(report: Report): Report {
  return {
    ...report,
    components: report.components.map((component) => ({
      ...component,
      findings: component.findings.map(withoutInfo),
      successes: component.successes.map(withoutInfo),
      policyWarnings: component.policyWarnings.map(withoutInfo),
    })),
  };
}

function withoutInfo<T extends { readonly rule?: PolicyRuleDetails }>(item: T): T {
  if (item.rule === undefined) return item;
  const { effectiveOn, terms, severity, more } = item.rule;
  const kept = { effectiveOn, terms, severity, more };
  const rule: PolicyRuleDetails = Object.fromEntries(
    Object.entries(kept).filter(([, value]) => value !== undefined),
  );
  return { ...item, rule };
}
