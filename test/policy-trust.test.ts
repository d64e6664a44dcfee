import { describe, expect, it } from 'vitest';
import { parsePolicyConfig } from '../src/policy/config.ts';
import { toSigstoreOptions, trustOf } from '../src/policy-trust.ts';
import { exactMatcher } from '../src/verify/identity.ts';
import { parsePublicKeys } from '../src/verify/keys.ts';
import { generateKey } from './support/keys.ts';
import { tempDirectory } from './support/temp.ts';
import { codeOf } from './verify/support/world.ts';

const KEY = generateKey().publicPem;
const OTHER = generateKey().publicPem;
const IDENTITY = { subject: 'https://ci.example/release', issuer: 'https://issuer.example' };
const NOBODY = { keys: [], identities: [] };
const given = { signers: NOBODY, rekorUrl: undefined, ignoreRekor: false };
const trusted = (spec: object, options: Partial<typeof given> = {}) =>
  trustOf({ ...given, ...options }, parsePolicyConfig(JSON.stringify(spec), 'policy'));

describe('whom a run with a policy trusts', () => {
  it('is whom the policy names: a key as text or as a file, or an identity', () => {
    using temp = tempDirectory();
    const path = temp.write('cosign.pub', KEY);
    const [key] = parsePublicKeys(KEY, 'key');
    for (const publicKey of [KEY, `  ${KEY}\n`, path]) {
      expect(trusted({ publicKey }).signers.keys.map(({ fingerprint }) => fingerprint)).toEqual([
        key?.fingerprint,
      ]);
    }
    const { identities, keys } = trusted({ identity: IDENTITY }).signers;
    expect(keys).toEqual([]);
    expect(identities[0]?.subject.matches(IDENTITY.subject)).toBe(true);
    expect(identities[0]?.issuer.matches(`${IDENTITY.issuer}.evil`)).toBe(false);
  });

  it('is a key rather than an identity, and a pattern rather than an exact text', () => {
    expect(trusted({ publicKey: KEY, identity: IDENTITY }).signers.identities).toEqual([]);
    const identity = { ...IDENTITY, subjectRegExp: 'https://ci\\.example/.*', issuerRegExp: '' };
    const [found] = trusted({ identity }).signers.identities;
    expect(found?.subject).toMatchObject({ type: 'regexp' });
    expect(found?.issuer).toMatchObject({ type: 'exact' });
  });

  it('is whom the options name, and nobody beside', () => {
    const signers = { keys: [], identities: [{ subject: exactMatcher('a'), issuer: exactMatcher('b') }] };
    const config = parsePolicyConfig(
      JSON.stringify({ publicKey: KEY, rekorUrl: 'https://rekor.policy' }),
      'policy',
    );
    expect(trustOf({ ...given, signers }, config)).toEqual({ signers, rekorUrl: 'https://rekor.policy/' });
    const rekorUrl = 'https://rekor.options/';
    expect(trustOf({ ...given, signers, rekorUrl }, config).rekorUrl).toBe(rekorUrl);
    expect(trustOf({ ...given, signers, ignoreRekor: true }, config).rekorUrl).toBeUndefined();
  });

  it.each([
    ['nobody', {}, 'BAD_IDENTITY'],
    ['nobody in so many words', { publicKey: ' ' }, 'BAD_IDENTITY'],
    ['a subject without issuer', { identity: { subject: 'a' } }, 'BAD_IDENTITY'],
    ['an issuer without subject', { identity: { issuerRegExp: 'https://a\\.b' } }, 'BAD_IDENTITY'],
    ['whoever', { identity: { subjectRegExp: '.*', issuer: 'https://a.b' } }, 'BAD_IDENTITY'],
    ['a key of a cluster', { publicKey: 'k8s://ns/secret' }, 'BAD_KEY'],
    ['a key at a URL', { publicKey: 'https://keys.example/a.pub' }, 'BAD_KEY'],
    [
      'a key that is none',
      { publicKey: '-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----' },
      'BAD_KEY',
    ],
    ['a file that is not there', { publicKey: 'no/such/file.pub' }, 'UNREADABLE_FILE'],
    ['an insecure log', { publicKey: KEY, rekorUrl: 'http://rekor.example' }, 'BAD_OPTION'],
  ])('is never %s', async (_, spec, code) => {
    expect(await codeOf(() => trusted(spec))).toBe(code);
  });

  it('is told to policies as their functions take it', () => {
    const identity = { subjectRegExp: 'https://ci\\.example/.*', issuer: IDENTITY.issuer };
    expect(toSigstoreOptions(trusted({ identity, rekorUrl: 'https://rekor.policy' }), true)).toEqual({
      certificate_identity: '',
      certificate_identity_regexp: 'https://ci\\.example/.*',
      certificate_oidc_issuer: IDENTITY.issuer,
      certificate_oidc_issuer_regexp: '',
      ignore_rekor: true,
      public_key: '',
      rekor_url: 'https://rekor.policy/',
    });
    const keys = toSigstoreOptions(trusted({ publicKey: `${KEY}${OTHER}` }), false).public_key;
    expect(keys.match(/BEGIN PUBLIC KEY/g)).toHaveLength(2);
  });
});
