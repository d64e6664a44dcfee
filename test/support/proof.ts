// A signature with everything that goes beside it: certificate or key, log entry, timestamp. What the layouts
// (bundle, legacy) then write down each in their own way.
import { createHash } from 'node:crypto';
import { generateKey, type SigningKey, signBytes, toPem } from './keys.ts';
import { type EntryKind, type Envelope, type Signed, toLogBody } from './log-bodies.ts';
import type { Identity, SigstoreServices } from './sigstore.ts';
import type { LogEntry } from './transparency-log.ts';

export type Signer =
  | { readonly type: 'key'; readonly key: SigningKey }
  /** `certificate` reuses one that was issued before; default: a new key and certificate for each signature. */
  | { readonly type: 'keyless'; readonly identity: Identity; readonly certificate?: IssuedCertificate };

export interface IssuedCertificate {
  readonly key: SigningKey;
  readonly der: Buffer;
}

export interface ProofOptions {
  readonly signer: Signer;
  /** Needed for keyless signers, log entries and timestamps. */
  readonly sigstore?: SigstoreServices;
  /** Which Rekor sees it. Default: `v1` when there is `sigstore`, otherwise `none`. */
  readonly log?: 'none' | 'v1' | 'v2';
  /** Default: what cosign uses: dsse for envelopes in Rekor v1, hashedrekord for all else. */
  readonly entryKind?: EntryKind;
  /** Default: true with Rekor v2, whose entries have no time, and for keyless signers without log. */
  readonly timestamp?: boolean;
}

export interface Proof {
  readonly signature: Buffer;
  readonly key: SigningKey;
  readonly keyless: boolean;
  /** DER, when keyless. */
  readonly certificate?: Buffer;
  readonly chain: readonly Buffer[];
  readonly entry?: LogEntry;
  readonly log: 'none' | 'v1' | 'v2';
  readonly timestamp?: Buffer;
}

export interface EnvelopeProof extends Proof {
  readonly envelope: Envelope;
}

/** Gets a certificate that several signatures can share, as one signing session does. */
export async function issueCertificate(
  sigstore: SigstoreServices,
  identity: Identity,
): Promise<IssuedCertificate> {
  const key = generateKey('P-256');
  return { key, der: await sigstore.issueCertificate(key.publicKey, identity) };
}

/** Signs bytes as they are. */
export async function proveBytes(bytes: Buffer, options: ProofOptions): Promise<Proof> {
  const material = await toMaterial(options);
  return prove(material, { bytes }, options);
}

/** Signs a payload in a DSSE envelope (pre-authentication encoding v1). */
export async function proveEnvelope(
  payloadType: string,
  payload: Buffer,
  options: ProofOptions,
): Promise<EnvelopeProof> {
  const material = await toMaterial(options);
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  const bytes = Buffer.concat([Buffer.from(head), payload]);
  const sig = signBytes(material.key, bytes);
  const envelope = {
    payloadType,
    payload: payload.toString('base64'),
    signatures: [{ keyid: '', sig: sig.toString('base64') }],
  };
  return { ...(await prove(material, { bytes, envelope, signature: sig }, options)), envelope };
}

interface Material {
  readonly key: SigningKey;
  readonly certificate?: Buffer;
}

async function toMaterial({ signer, sigstore }: ProofOptions): Promise<Material> {
  if (signer.type === 'key') return { key: signer.key };
  const { key, der } = signer.certificate ?? (await issueCertificate(needed(sigstore), signer.identity));
  return { key, certificate: der };
}

async function prove(
  { key, certificate }: Material,
  signed: Pick<Signed, 'bytes' | 'envelope'> & { readonly signature?: Buffer },
  options: ProofOptions,
): Promise<Proof> {
  const { sigstore, log = sigstore === undefined ? 'none' : 'v1' } = options;
  const signature = signed.signature ?? signBytes(key, signed.bytes);
  const { timestamp = log === 'v2' || (certificate !== undefined && log === 'none') } = options;
  const verifierPem = certificate === undefined ? key.publicPem : toPem(certificate);
  const about = { ...signed, signature, verifierPem, hash: key.hash, keyDetails: keyDetailsOf(key) };
  const kind = options.entryKind ?? defaultKind(log, signed.envelope !== undefined);
  return {
    signature,
    key,
    keyless: certificate !== undefined,
    log,
    ...(certificate === undefined ? { chain: [] } : { certificate, chain: [needed(sigstore).fulcioRoot] }),
    ...(log === 'none' ? {} : { entry: await needed(sigstore).log.record(toLogBody(kind, about)) }),
    ...(timestamp ? { timestamp: await needed(sigstore).timestamp(signature) } : {}),
  };
}

function needed(sigstore: SigstoreServices | undefined): SigstoreServices {
  if (sigstore === undefined) throw new Error('this signature needs Sigstore services: pass `sigstore`');
  return sigstore;
}

/** Clients of Rekor v2 log an envelope as the hash of its pre-authentication encoding; cosign 3 takes no other. */
function defaultKind(log: string, envelope: boolean): EntryKind {
  if (log === 'v2') return 'hashedrekord 0.0.2';
  return envelope ? 'dsse 0.0.1' : 'hashedrekord 0.0.1';
}

function keyDetailsOf({ type, hash, padding }: SigningKey): string {
  const bits = hash.slice(3);
  if (type === 'Ed25519') return 'PKIX_ED25519';
  if (type === 'RSA') return padding === 'pss' ? 'PKIX_RSA_PSS_2048_SHA256' : 'PKIX_RSA_PKCS1V15_2048_SHA256';
  return `PKIX_ECDSA_${type.replace('-', '')}_SHA_${bits}`;
}

/** What cosign puts in a bundle to say which key it was: base64 of the SHA-256 of the key (DER). */
export function keyHint(key: SigningKey): string {
  const der = key.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('base64');
}
