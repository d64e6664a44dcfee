// Options of ec.sigstore.*, which come out of a policy's data: whom to trust, as text → signers. Anything that is not
// complete is a problem to be told, never somebody trusted by accident.
import { ProofgateError } from '../../base/errors.ts';
import { exactMatcher, regexpMatcher } from '../../verify/identity.ts';
import { parsePublicKeys } from '../../verify/keys.ts';
import type { Signers, TextMatcher } from '../../verify/signers.ts';

const TEXTS = [
  'certificate_identity',
  'certificate_identity_regexp',
  'certificate_oidc_issuer',
  'certificate_oidc_issuer_regexp',
  'public_key',
  'rekor_url',
] as const;

type Texts = Readonly<Record<(typeof TEXTS)[number], string>>;

/** As given; what is missing is empty. */
export interface SigstoreOptions extends Texts {
  readonly ignore_rekor: boolean;
}

/** @throws ProofgateError `BAD_OPTION`: not an object, without `ignore_rekor`, or with a member of another type */
export function parseSigstoreOptions(value: unknown): SigstoreOptions {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw bad('they are no object');
  const given = value as Readonly<Record<string, unknown>>;
  const member = (name: string) => (Object.hasOwn(given, name) ? given[name] : undefined);
  const ignoreRekor = member('ignore_rekor');
  if (typeof ignoreRekor !== 'boolean') throw bad('ignore_rekor has to be true or false');
  const texts = TEXTS.map((name) => {
    const text = member(name) ?? '';
    if (typeof text !== 'string') throw bad(`${name} is no text`);
    return [name, text];
  });
  return { ...(Object.fromEntries(texts) as Texts), ignore_rekor: ignoreRekor };
}

/**
 * A key is trusted alone; without one, a subject and its issuer. Of a pattern and a text for the same thing, the pattern
 * counts, as in Conforma; unlike there it has to match the whole.
 * @throws ProofgateError `BAD_KEY`, `BAD_IDENTITY`
 */
export function toSigners(options: SigstoreOptions): Signers {
  if (options.public_key !== '') {
    return { keys: parsePublicKeys(options.public_key, 'public_key'), identities: [] };
  }
  const subject = toMatcher(options.certificate_identity, options.certificate_identity_regexp);
  const issuer = toMatcher(options.certificate_oidc_issuer, options.certificate_oidc_issuer_regexp);
  if (subject !== undefined && issuer !== undefined) return { keys: [], identities: [{ subject, issuer }] };
  throw new ProofgateError('BAD_IDENTITY', 'neither a public key nor an identity with its issuer is given', {
    hint: 'Give public_key as PEM, or certificate_identity and certificate_oidc_issuer.',
  });
}

function toMatcher(text: string, pattern: string): TextMatcher | undefined {
  if (pattern !== '') return regexpMatcher(pattern);
  return text === '' ? undefined : exactMatcher(text);
}

function bad(why: string): ProofgateError {
  return new ProofgateError('BAD_OPTION', `the options of the signature check: ${why}`);
}
