// The report as JSON: Conforma's field names where the thing is the same, and ours beside them. The schema in
// schema/report.schema.json says the same thing; lists that are empty are left out.
import { CHECKS, titleOf } from './checks.ts';
import type {
  AttestationSummary,
  ComponentResult,
  Finding,
  Report,
  SignatureSummary,
  Success,
  TaskBundleResult,
} from './report.ts';

/** Ends in a line break. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(toJson(report), null, 2)}\n`;
}

function toJson(report: Report): object {
  return {
    success: report.result === 'verified',
    result: report.result,
    components: report.components.map(lazily(toComponent)),
    ...unlessEmpty('taskBundles', report.taskBundles.map(lazily(toTaskBundle))),
    ...unlessEmpty(
      'warnings',
      report.warnings.map(({ code, message }) => ({ msg: message, metadata: { code } })),
    ),
    key: report.key,
    trust: report.trust,
    usage: report.usage,
    ...(report.cache === undefined ? {} : { cache: report.cache }),
    'proofgate-version': report.version,
    'effective-time': report.effectiveTime,
  };
}

/** Converts when the text is made, one at a time: thousands of components would be in memory twice. */
function lazily<T>(convert: (value: T) => object): (value: T) => object {
  return (value) => ({ toJSON: () => convert(value) });
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
    ...unlessEmpty(
      'warnings',
      component.warnings.map((msg) => ({ msg })),
    ),
    ...unlessEmpty('successes', component.successes.map(toSuccess)),
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
  const entries = (outcome: Finding['outcome']) =>
    findings.filter((finding) => finding.outcome === outcome).map(toFinding);
  return {
    ...unlessEmpty('violations', entries('rejected')),
    ...unlessEmpty('undetermined', entries('undetermined')),
  };
}

function toFinding(finding: Finding): object {
  return {
    msg: finding.message,
    metadata: {
      code: finding.code,
      title: titleOf(finding),
      description: CHECKS[finding.code].description,
      solution: finding.hint,
      ...(finding.term === undefined ? {} : { term: finding.term }),
      reason: finding.reason,
      ...unlessEmpty('details', finding.details),
    },
  };
}

function toSuccess({ code, message }: Success): object {
  return { msg: message, metadata: { code, description: CHECKS[code].description } };
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

function unlessEmpty(name: string, list: readonly unknown[]): object {
  return list.length === 0 ? {} : { [name]: list };
}
