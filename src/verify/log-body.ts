// Bodies of Rekor entries, every kind that signs images or attestations, turned into one shape
// (https://github.com/sigstore/rekor/tree/main/pkg/types and rekor-tiles' entry.proto).
import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { attempt } from './attempt.ts';
import { parseJson } from './json.ts';
import { subjectPublicKeyInfo } from './keys.ts';
import type { HashName } from './signature.ts';

const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** What a digest in a body is over: the signed bytes, the DSSE payload, or the stored DSSE envelope. */
export type Covered = 'signed' | 'payload' | 'envelope';

/** A digest that an entry gives for what was signed. */
export interface LoggedDigest {
  readonly of: Covered;
  readonly hash: HashName;
  readonly digest: Buffer;
}

/** What a log entry says. Authentic only when the log's promise or proof for it has been verified. */
export interface LoggedSignature {
  readonly kind: string;
  readonly version: string;
  /** Undefined for `intoto` 0.0.1, which binds the signature through the digest of the whole envelope. */
  readonly signature: Buffer | undefined;
  readonly digest: LoggedDigest;
  /** DER of the certificate, or of the SubjectPublicKeyInfo, that the entry names. */
  readonly verifier: Buffer;
}

const base64 = z.base64().min(1);
const hexDigest = z.object({
  algorithm: z.enum(['sha256', 'sha384', 'sha512']),
  value: z.string().regex(/^[0-9a-f]+$/),
});
const protoDigest = z.object({ algorithm: z.enum(['SHA2_256', 'SHA2_384', 'SHA2_512']), digest: base64 });
const protoVerifier = z.union([
  z.object({ x509Certificate: z.object({ rawBytes: base64 }) }),
  z.object({ publicKey: z.object({ rawBytes: base64 }) }),
]);
const protoSignature = z.object({ content: base64, verifier: protoVerifier });
const one = <T extends z.ZodType>(schema: T) => z.tuple([schema]);

const hashedrekord001 = z.object({
  signature: z.object({ content: base64, publicKey: z.object({ content: base64 }) }),
  data: z.object({ hash: hexDigest }),
});
const hashedrekord002 = z.object({
  hashedRekordV002: z.object({ data: protoDigest, signature: protoSignature }),
});
const dsse001 = z.object({
  payloadHash: hexDigest,
  signatures: one(z.object({ signature: base64, verifier: base64 })),
});
const dsse002 = z.object({
  dsseV002: z.object({ payloadHash: protoDigest, signatures: one(protoSignature) }),
});
const intoto001 = z.object({ content: z.object({ hash: hexDigest }), publicKey: base64 });
const intoto002 = z.object({
  content: z.object({
    payloadHash: hexDigest,
    envelope: z.object({ signatures: one(z.object({ sig: base64, publicKey: base64 })) }),
  }),
});
const bodySchema = z.object({ kind: z.string(), apiVersion: z.string(), spec: z.unknown() });

type Said = Omit<LoggedSignature, 'kind' | 'version'>;

const READERS: Readonly<Record<string, (spec: unknown) => Said>> = {
  'hashedrekord 0.0.1': (spec) => {
    const { signature, data } = hashedrekord001.parse(spec);
    const verifier = fromPem(signature.publicKey.content);
    return { signature: bytes(signature.content), digest: fromHex('signed', data.hash), verifier };
  },
  'hashedrekord 0.0.2': (spec) => {
    const { data, signature } = hashedrekord002.parse(spec).hashedRekordV002;
    return fromProto('signed', data, signature);
  },
  'dsse 0.0.1': (spec) => {
    const { payloadHash, signatures } = dsse001.parse(spec);
    const [{ signature, verifier }] = signatures;
    return {
      signature: bytes(signature),
      digest: fromHex('payload', payloadHash),
      verifier: fromPem(verifier),
    };
  },
  'dsse 0.0.2': (spec) => {
    const { payloadHash, signatures } = dsse002.parse(spec).dsseV002;
    return fromProto('payload', payloadHash, signatures[0]);
  },
  'intoto 0.0.1': (spec) => {
    const { content, publicKey } = intoto001.parse(spec);
    return { signature: undefined, digest: fromHex('envelope', content.hash), verifier: fromPem(publicKey) };
  },
  'intoto 0.0.2': (spec) => {
    const { payloadHash, envelope } = intoto002.parse(spec).content;
    const [{ sig, publicKey }] = envelope.signatures;
    // Rekor encodes what is base64 already once more.
    const signature = bytes(bytes(sig).toString('latin1'));
    return { signature, digest: fromHex('payload', payloadHash), verifier: fromPem(publicKey) };
  },
};

/** @throws ProofgateError `LOG_ENTRY_INVALID` when the body is malformed or of a kind that signs nothing here */
export function parseLogBody(body: Buffer): LoggedSignature {
  return attempt('LOG_ENTRY_INVALID', 'the body of a log entry is unreadable', () => {
    const { kind, apiVersion, spec } = bodySchema.parse(parseJson(body, MAX_BODY_BYTES));
    const name = `${kind} ${apiVersion}`;
    // With its space, a name is never a property of every object.
    const read = READERS[name];
    if (read === undefined) throw new Error(`the kind ${name} is not known`);
    return { kind, version: apiVersion, ...read(spec) };
  });
}

function fromProto(
  of: Covered,
  { algorithm, digest }: z.infer<typeof protoDigest>,
  { content, verifier }: z.infer<typeof protoSignature>,
): Said {
  const hash = algorithm.replace('SHA2_', 'sha') as HashName;
  const named = 'publicKey' in verifier ? verifier.publicKey : verifier.x509Certificate;
  return {
    signature: bytes(content),
    digest: { of, hash, digest: bytes(digest) },
    verifier: bytes(named.rawBytes),
  };
}

function fromHex(of: Covered, { algorithm, value }: z.infer<typeof hexDigest>): LoggedDigest {
  return { of, hash: algorithm, digest: Buffer.from(value, 'hex') };
}

/** DER behind base64 of PEM, as Rekor v1 stores certificates and keys. */
function fromPem(base64Pem: string): Buffer {
  const pem = bytes(base64Pem).toString('latin1');
  const certificate = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(
    pem,
  )?.[1];
  return certificate === undefined ? subjectPublicKeyInfo(createPublicKey(pem)) : bytes(certificate);
}

function bytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
