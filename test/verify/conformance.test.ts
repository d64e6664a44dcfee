import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { digestOf } from '../../src/base/digest.ts';
import { ProofgateError } from '../../src/base/errors.ts';
import { parseBundle } from '../../src/verify/bundle.ts';
import type { Subject } from '../../src/verify/evidence.ts';
import { exactMatcher } from '../../src/verify/identity.ts';
import { parsePublicKeys } from '../../src/verify/keys.ts';
import { parseTrustedRoot } from '../../src/verify/trust.ts';
import { Verified, Verifier } from '../../src/verify/verifier.ts';
import { type Case, readCases } from './support/conformance.ts';

async function verify(test: Case, subject: Subject): Promise<Verified> {
  const { key, identity, issuer } = test;
  const signers = {
    keys: key === undefined ? [] : parsePublicKeys(key, 'key.pub'),
    identities: key === undefined ? [{ subject: exactMatcher(identity), issuer: exactMatcher(issuer) }] : [],
  };
  const trust = async () => parseTrustedRoot(test.trustedRoot, 'trusted_root.json');
  const verifier = new Verifier({ trust, ignoreRekor: false, clock: systemClock });
  const source = { format: 'bundle', manifest: digestOf('manifest'), blob: digestOf(test.bundle) } as const;
  return verifier.verify(parseBundle(test.bundle, source), subject, signers);
}

const cases = readCases();
/** Cases whose trusted root or key is what is wrong: the user's to mend. */
const MALFORMED_INPUT = ['trust-root-tlog-missing-validity-start_fail', 'managed-key-wrong-key_fail'];

describe.each(['the artifact', 'only its digest'])('conformance, given %s', (given) => {
  const subjectOf = ({ artifact }: Case): Subject => {
    const digest = digestOf(artifact);
    return given === 'the artifact' ? { digest, artifact } : { digest };
  };

  it.each(cases.filter(({ mustVerify }) => mustVerify))('$name verifies', async (test) => {
    const verified = await verify(test, subjectOf(test));
    expect(verified).toBeInstanceOf(Verified);
    expect(verified.subject).toBe(digestOf(test.artifact));
  });

  it.each(cases.filter(({ mustVerify }) => !mustVerify))('$name is rejected', async (test) => {
    const error = await verify(test, subjectOf(test)).then(
      (verified) => expect.unreachable(`verified as ${JSON.stringify(verified.signature.signedBy)}`),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ProofgateError);
    expect((error as ProofgateError).code).not.toBe('INTERNAL');
    expect((error as ProofgateError).kind).toBe(MALFORMED_INPUT.includes(test.name) ? 'usage' : 'rejected');
  });
});

it('the suite is complete enough to mean something', () => {
  expect(cases.length).toBeGreaterThanOrEqual(35);
});
