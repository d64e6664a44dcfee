// Whom a run with a policy trusts: whom its options name, or else whom the policy names.
import { ProofgateError } from './base/errors.ts';
import { type InputFiles, localFiles } from './options/input-files.ts';
import { readKeyFile } from './options/signer-options.ts';
import { parseServiceUrl } from './options/values.ts';
import type { Options } from './options.ts';
import type { PolicyConfig, PolicyIdentity } from './policy/config.ts';
import type { SigstoreOptions } from './policy/loaded-policy.ts';
import { exactMatcher, regexpMatcher } from './verify/identity.ts';
import { parsePublicKeys } from './verify/keys.ts';
import type { Signers, TextMatcher, TrustedKey } from './verify/signers.ts';

export interface PolicyTrust {
  readonly signers: Signers;
  readonly rekorUrl: string | undefined;
}

type Given = Pick<Options, 'rekorUrl' | 'ignoreRekor'> & { readonly signers: Signers };

/**
 * As in Conforma, what options name replaces what the policy names: neither adds to the other.
 * @throws ProofgateError `BAD_KEY`, `BAD_IDENTITY` (also when nobody is trusted), `BAD_OPTION`
 */
export function trustOf(options: Given, config: PolicyConfig, files: InputFiles = localFiles): PolicyTrust {
  const signers = isAnyone(options.signers) ? options.signers : signersOf(config, files);
  if (!isAnyone(signers)) {
    throw new ProofgateError(
      'BAD_IDENTITY',
      'nobody is trusted: neither the options nor the policy name a signer',
      {
        hint: 'Give public-key, or certificate-identity with certificate-oidc-issuer; or give the policy a publicKey or an identity.',
      },
    );
  }
  const named = config.rekorUrl === undefined || config.rekorUrl === '' ? undefined : config.rekorUrl;
  const rekorUrl = options.rekorUrl ?? (named === undefined ? undefined : parseServiceUrl(named));
  return { signers, rekorUrl: options.ignoreRekor ? undefined : rekorUrl };
}

export function isAnyone({ keys, identities }: Signers): boolean {
  return keys.length + identities.length > 0;
}

/** Data that policies pass on to `ec.sigstore.*`; it has room for one identity, and the first is it. */
export function toSigstoreOptions({ signers, rekorUrl }: PolicyTrust, ignoreRekor: boolean): SigstoreOptions {
  const [identity] = signers.identities;
  const text = (type: TextMatcher['type'], matcher: TextMatcher | undefined) =>
    matcher?.type === type ? matcher.pattern : '';
  return {
    certificate_identity: text('exact', identity?.subject),
    certificate_identity_regexp: text('regexp', identity?.subject),
    certificate_oidc_issuer: text('exact', identity?.issuer),
    certificate_oidc_issuer_regexp: text('regexp', identity?.issuer),
    ignore_rekor: ignoreRekor,
    public_key: signers.keys.map((key) => key.pem).join(''),
    rekor_url: rekorUrl ?? '',
  };
}

/** A key wins over an identity. */
function signersOf({ publicKey = '', identity }: PolicyConfig, files: InputFiles): Signers {
  if (publicKey.trim() !== '') return { keys: readKeys(publicKey.trim(), files), identities: [] };
  return { keys: [], identities: identity === undefined ? [] : [toIdentity(identity)] };
}

function readKeys(text: string, files: InputFiles): TrustedKey[] {
  if (text.includes('-----BEGIN')) return parsePublicKeys(text, "the policy's public key");
  return readKeyFile(files, text, 'Put the PEM text into the policy, or give it with public-key.');
}

/** As in Conforma, a pattern beats the exact text. */
function toIdentity({ subject, subjectRegExp, issuer, issuerRegExp }: PolicyIdentity) {
  return { subject: toMatcher(subject, subjectRegExp), issuer: toMatcher(issuer, issuerRegExp) };
}

function toMatcher(exact: string | undefined, pattern: string | undefined): TextMatcher {
  if (pattern !== undefined && pattern !== '') return regexpMatcher(pattern);
  if (exact !== undefined && exact !== '') return exactMatcher(exact);
  throw new ProofgateError('BAD_IDENTITY', "the policy's identity needs both a subject and an issuer");
}
