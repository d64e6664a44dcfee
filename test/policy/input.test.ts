import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import type { ImageFacts } from '../../src/policy/builtins/image-facts.ts';
import { MAX_INPUT_BYTES, renderInput } from '../../src/policy/input.ts';
import type { PolicySubject } from '../../src/policy/verdict.ts';
import { parseStatement } from '../../src/verify/statement.ts';
import type { Verified } from '../../src/verify/verifier.ts';
import { errorOf } from '../verify/support/world.ts';

const DIGEST = digestOf('image');
const SIGNATURE = {
  format: 'bundle',
  signedBy: { type: 'key', fingerprint: 'f', name: 'cosign.pub' },
  manifest: DIGEST,
  keyid: 'k',
  sig: 'c2ln',
} as const;

/** As the verifier would give it; only the verifier makes real ones. */
function verified(payload: string | Buffer, signature: object = {}): Verified {
  const statement = parseStatement(Buffer.from(payload));
  const stand = {
    subject: DIGEST,
    claim: { type: 'statement', statement },
    signature: { ...SIGNATURE, ...signature },
  };
  return stand as unknown as Verified;
}

function statementText(predicate: string): string {
  const subject = `[{"digest": {"sha256": "${DIGEST.slice(7)}"}}]`;
  return `{"_type": "https://in-toto.io/Statement/v1", "predicateType": "p", "subject": ${subject}, "predicate": ${predicate}}`;
}

function subjectOf(more: Partial<PolicySubject> = {}): PolicySubject {
  return {
    name: 'cart',
    source: {},
    repository: { registry: 'registry.test', name: 'shop/cart' },
    manifest: { kind: 'image', digest: DIGEST } as PolicySubject['manifest'],
    snapshot: '{"components":[]}',
    attestations: [],
    signatures: [],
    ...more,
  };
}

const inputOf = (more: Partial<PolicySubject> = {}, facts: ImageFacts = {}, spec = '{}') =>
  JSON.parse(renderInput(subjectOf(more), facts, spec));

describe('the input document', () => {
  it('has Conforma’s members, and leaves out what is not known', () => {
    expect(inputOf()).toEqual({
      attestations: [],
      image: { ref: `registry.test/shop/cart@${DIGEST}`, source: {} },
      snapshot: { components: [] },
      component_name: 'cart',
      policy_spec: {},
    });
  });

  it('shows statements as they were signed: numbers, order and blanks', () => {
    const text = statementText('{"big": 12345678901234567890.10, "z": 1, "a": 1.0}');
    const input = renderInput(subjectOf({ attestations: [verified(text)] }), {}, '{}');
    expect(input).toContain(`{"statement":${text},"signatures":`);
    expect(JSON.parse(input).attestations).toHaveLength(1);
  });

  it('shows statements that begin with a byte order mark without it', () => {
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(statementText('{}'))]);
    expect(inputOf({ attestations: [verified(marked)] }).attestations[0].statement.predicateType).toBe('p');
  });

  it('shows who signed: key id, signature, and of keyless ones the certificate with its chain', () => {
    const certified = {
      certificate: '-----BEGIN CERTIFICATE-----\n',
      chain: ['-----BEGIN CERTIFICATE-----\n'],
    };
    const input = inputOf({
      attestations: [verified(statementText('{}'), certified)],
      signatures: [verified(statementText('{}'))],
    });
    expect(input.attestations[0].signatures).toEqual([{ keyid: 'k', sig: 'c2ln', ...certified }]);
    expect(input.image.signatures).toEqual([{ keyid: 'k', sig: 'c2ln' }]);
  });

  it('shows what is known of the image, with the digits of its numbers', () => {
    const facts = {
      config: { Labels: { a: 'b' }, size: JSON.rawJSON('12345678901234567890') },
      parent: { ref: 'registry.test/base@sha256:…' },
      files: { 'manifests/a.yaml': { kind: 'CSV' } },
    };
    const input = renderInput(subjectOf({ source: { git: { url: 'https://git.test/a' } } }), facts, '{}');
    expect(input).toContain('"size":12345678901234567890');
    expect(JSON.parse(input).image).toMatchObject({
      config: { Labels: { a: 'b' } },
      parent: { ref: 'registry.test/base@sha256:…' },
      files: { 'manifests/a.yaml': { kind: 'CSV' } },
      source: { git: { url: 'https://git.test/a' } },
    });
  });

  it('is bounded, whatever was signed', async () => {
    const snapshot = ' '.repeat(MAX_INPUT_BYTES);
    const error = await errorOf(() => renderInput(subjectOf({ snapshot }), {}, '{}'));
    expect(error.code).toBe('POLICY_LIMIT');
  });
});
