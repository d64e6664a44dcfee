// The report as a document, for JSON and YAML: Conforma's field names where the thing is the same, and ours beside them.
// The schema in schema/report.schema.json says the same thing; lists that are empty are left out.
import { checkOf, titleOf } from './checks.ts';
import { Entries } from './entries.ts';
import { cutPolicyText, toPolicyMetadata } from './policy-metadata.ts';
import type {
  AttestationSummary,
  ComponentResult,
  Finding,
  PolicyMessage,
  Report,
  SignatureSummary,
  Success,
  TaskBundleResult,
} from './report.ts';

/** Plain JSON values but for the long lists. */
export function toDocument(report: Report): Readonly<Record<string, unknown>> {
  const { taskBundles, warnings, policy } = report;
  return {
    success: report.result === 'verified',
    result: report.result,
    ...(report.shard === undefined ? {} : { shard: report.shard }),
    components: Entries.of(report.components, toComponent),
    ...toEntries('taskBundles', taskBundles, toTaskBundle),
    ...unlessEmpty(
      'warnings',
      warnings.map(({ code, message }) => ({ msg: message, metadata: { code } })),
    ),
    key: report.key,
    ...(policy === undefined ? {} : { policy: policy.spec, policySources: policy.sources }),
    trust: report.trust,
    usage: report.usage,
    ...(report.cache === undefined ? {} : { cache: report.cache }),
    'proofgate-version': report.version,
    'started-at': report.startedAt,
    'effective-time': report.effectiveTime,
  };
}

function toComponent(component: ComponentResult): object {
  const { name, containerImage, source, resolved, platform, index, outcome, proofs } = component;
  return {
    name,
    containerImage,
    source,
    ...(resolved === undefined ? {} : { resolved }),
    ...(platform === undefined ? {} : { platform }),
    ...(index === undefined ? {} : { index }),
    outcome,
    ...(proofs === undefined ? {} : { proofs }),
    ...toFindings(component.findings),
    ...toEntries('warnings', [...component.warnings, ...component.policyWarnings], toWarning),
    ...toEntries('successes', component.successes, toSuccess),
    success: outcome === 'verified',
    ...unlessEmpty('signatures', component.signatures.map(toSignature)),
    ...unlessEmpty('attestations', component.attestations.map(toAttestation)),
    ...unlessEmpty('taskBundles', component.taskBundles),
  };
}

function toTaskBundle(bundle: TaskBundleResult): object {
  return {
    reference: bundle.reference,
    outcome: bundle.outcome,
    ...toFindings(bundle.findings),
    ...unlessEmpty('signatures', bundle.signatures.map(toSignature)),
    components: bundle.components,
  };
}

/** Conforma knows violations alone; what nobody could look at is no violation. */
function toFindings(findings: readonly Finding[]): object {
  const ofOutcome = (outcome: Finding['outcome']) =>
    findings.filter((finding) => finding.outcome === outcome);
  return {
    ...toEntries('violations', ofOutcome('rejected'), toFinding),
    ...toEntries('undetermined', ofOutcome('undetermined'), toFinding),
  };
}

function toFinding(finding: Finding): object {
  const { message, hint, term, reason, details } = finding;
  const check = checkOf(finding);
  const words =
    check === undefined
      ? toRuleWords(finding)
      : {
          code: check.code,
          title: titleOf(finding),
          description: check.description,
          ...(term === undefined ? {} : { term }),
        };
  return {
    msg: cutPolicyText(message),
    metadata: {
      ...words,
      solution: cutPolicyText(finding.rule?.solution || hint),
      reason,
      ...unlessEmpty('details', details),
    },
  };
}

/** What to do is said for every finding, and for each in the same place. */
function toRuleWords({ rule = {}, ...finding }: Finding): object {
  const { solution: _, ...others } = rule;
  return toPolicyMetadata({ ...finding, rule: others });
}

function toWarning(warning: string | PolicyMessage): object {
  if (typeof warning === 'string') return { msg: warning };
  return { msg: cutPolicyText(warning.message), metadata: toPolicyMetadata(warning) };
}

function toSuccess(success: Success): object {
  const check = checkOf(success);
  const metadata =
    check === undefined
      ? toPolicyMetadata({ rule: {}, ...success })
      : { code: check.code, description: check.description };
  return { msg: cutPolicyText(success.message), metadata };
}

function toSignature(signature: SignatureSummary): object {
  const { keyid, sig, certificate, chain, format, signedBy, manifest, signedAt } = signature;
  return {
    keyid,
    sig,
    ...(certificate === undefined ? {} : { certificate }),
    ...(chain === undefined ? {} : { chain }),
    format,
    signedBy,
    manifest,
    ...(signedAt === undefined ? {} : { signedAt }),
  };
}

function toAttestation({ type, predicateType, predicateBuildType, signatures }: AttestationSummary): object {
  return {
    type,
    predicateType,
    ...(predicateBuildType === undefined ? {} : { predicateBuildType }),
    signatures: signatures.map(toSignature),
  };
}

function toEntries<T>(name: string, list: readonly T[], convert: (item: T) => object): object {
  return list.length === 0 ? {} : { [name]: Entries.of(list, convert) };
}

function unlessEmpty(name: string, list: readonly unknown[]): object {
  return list.length === 0 ? {} : { [name]: list };
}
