// What verified evidence claims about a subject: an image signature, or a statement about it. An attestation
// is not a signature.
import { z } from 'zod';
import { ProofgateError } from '../base/errors.ts';
import { attempt } from './attempt.ts';
import { type EvidenceContent, IMAGE_SIGNATURE_PREDICATE, type Subject } from './evidence.ts';
import { parseJson } from './json.ts';
import { IN_TOTO_PAYLOAD, isSubject, parseStatement, type Statement } from './statement.ts';

/** What the signer vouches for: the image itself, or a statement about it. */
export type Claim =
  | { readonly type: 'image-signature' }
  | { readonly type: 'statement'; readonly statement: Statement };

const IMAGE_SIGNATURE: Claim = { type: 'image-signature' };
const MAX_PAYLOAD_BYTES = 1024 * 1024;

// https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#simple-signing
const simpleSigningSchema = z.object({
  critical: z.object({
    type: z.literal('cosign container image signature'),
    image: z.object({ 'docker-manifest-digest': z.string() }),
  }),
});

/**
 * Reads the claim of content whose signature has been verified.
 * @throws ProofgateError `SUBJECT_MISMATCH`, `STATEMENT_INVALID`, `EVIDENCE_MALFORMED`
 */
export function verifyClaim(content: EvidenceContent, subject: Subject): Claim {
  switch (content.type) {
    case 'message':
      // The signature is over the subject's own bytes: `toSignature` compared the digests.
      return IMAGE_SIGNATURE;
    case 'simple-signing':
      return verifySimpleSigning(content.payload, subject);
    case 'dsse':
      return verifyStatement(content.payloadType, content.payload, subject);
  }
}

function verifySimpleSigning(payload: Buffer, { digest }: Subject): Claim {
  const { critical } = attempt(
    'EVIDENCE_MALFORMED',
    'the payload is no simple signing document of cosign',
    () => simpleSigningSchema.parse(parseJson(payload, MAX_PAYLOAD_BYTES)),
  );
  const named = critical.image['docker-manifest-digest'];
  if (named !== digest) throw mismatch(`${JSON.stringify(named.slice(0, 160))}, not ${digest}`);
  return IMAGE_SIGNATURE;
}

function verifyStatement(payloadType: string, payload: Buffer, { digest }: Subject): Claim {
  if (payloadType !== IN_TOTO_PAYLOAD) {
    const type = JSON.stringify(payloadType.slice(0, 160));
    throw new ProofgateError(
      'STATEMENT_INVALID',
      `the payload is of the type ${type}, not an in-toto statement`,
    );
  }
  const statement = parseStatement(payload);
  if (!isSubject(statement, digest))
    throw mismatch(`${statement.subject.length} subjects, none of them ${digest}`);
  return statement.predicateType === IMAGE_SIGNATURE_PREDICATE
    ? IMAGE_SIGNATURE
    : { type: 'statement', statement };
}

function mismatch(what: string): ProofgateError {
  return new ProofgateError('SUBJECT_MISMATCH', `it is signed, but names ${what}`, {
    hint: 'The signature belongs to another image: sign this digest.',
  });
}
