// The document that policies see of one component (docs/conforma.md). It is put together as text: what was signed
// stays as it was signed, to the last digit, and what all components share is rendered once.
import { ProofgateError } from '../base/errors.ts';
import { pinned } from '../oci/reference.ts';
import type { SignatureSummary } from '../report/report.ts';
import type { Verified } from '../verify/verifier.ts';
import type { ImageFacts } from './builtins/image-facts.ts';
import type { PolicySubject } from './verdict.ts';

/** OPA needs many times the memory of the text; the SBOMs of a large image are some MiB. */
export const MAX_INPUT_BYTES = 128 * 1024 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The input document as JSON text.
 * @param policySpec JSON text
 * @throws ProofgateError `POLICY_LIMIT`
 */
export function renderInput(subject: PolicySubject, facts: ImageFacts, policySpec: string): string {
  const { name, snapshot, attestations } = subject;
  assertSize(subject, policySpec);
  return toObject({
    attestations: `[${attestations.flatMap(renderAttestation).join(',')}]`,
    image: renderImage(subject, facts),
    snapshot,
    component_name: JSON.stringify(name),
    policy_spec: policySpec,
  });
}

function renderImage({ repository, manifest, source, signatures }: PolicySubject, facts: ImageFacts): string {
  const { config, parent, files } = facts;
  return JSON.stringify({
    ref: pinned(repository, manifest.digest),
    ...(signatures.length === 0 ? {} : { signatures: signatures.map(toEntitySignature) }),
    ...(config === undefined ? {} : { config }),
    ...(parent === undefined ? {} : { parent }),
    ...(files === undefined ? {} : { files }),
    source,
  });
}

/** The payload was parsed when it was verified: it is one JSON value, and can be put among others. */
function renderAttestation({ claim, signature }: Verified): string[] {
  if (claim.type !== 'statement') return [];
  const statement = utf8.decode(claim.statement.payload);
  return [toObject({ statement, signatures: JSON.stringify([toEntitySignature({ signature })]) })];
}

/** As Conforma shows a signature. */
function toEntitySignature({ signature }: { readonly signature: SignatureSummary }): object {
  const { keyid, sig, certificate, chain } = signature;
  return {
    keyid,
    sig,
    ...(certificate === undefined ? {} : { certificate }),
    ...(chain === undefined ? {} : { chain }),
  };
}

function toObject(members: Readonly<Record<string, string>>): string {
  const parts = Object.entries(members).map(([key, json]) => `${JSON.stringify(key)}:${json}`);
  return `{${parts.join(',')}}`;
}

function assertSize({ name, snapshot, attestations }: PolicySubject, policySpec: string): void {
  const payloads = attestations.map(({ claim }) =>
    claim.type === 'statement' ? claim.statement.payload.length : 0,
  );
  const bytes = payloads.reduce((sum, size) => sum + size, snapshot.length + policySpec.length);
  if (bytes <= MAX_INPUT_BYTES) return;
  throw new ProofgateError(
    'POLICY_LIMIT',
    `what policies would see of ${name} has ${bytes} bytes, at most ${MAX_INPUT_BYTES} are evaluated`,
    { hint: 'Attest smaller documents, or split the release.' },
  );
}
