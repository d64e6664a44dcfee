// Whom signatures are checked against: certificate authorities, logs and timestamp authorities of a Sigstore
// instance, from a file, a TUF mirror, or the public-good instance.
import type { X509Certificate } from '@sigstore/core';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };
import { toTrustMaterial } from '@sigstore/verify';
import type { CertAuthority, TLogAuthority } from '@sigstore/verify/dist/trust/trust.types.js';
import { z } from 'zod';
import { ProofgateError } from '../base/errors.ts';
import { fingerprint, type Json } from '../base/fingerprint.ts';
import type { HttpClient } from '../base/http.ts';
import { redactUrl } from '../base/redaction.ts';
import type { RunWarning, TrustSummary } from '../report/report.ts';
import { causeText } from './attempt.ts';
import { mayStamp } from './extensions.ts';
import { ImmutableCertificate } from './immutable-certificate.ts';
import { parseJson } from './json.ts';

const PUBLIC_GOOD_MIRROR = 'https://tuf-repo-cdn.sigstore.dev';
const MAX_ROOT_BYTES = 5 * 1024 * 1024;

/** Where trust material comes from; files are read by the caller. */
export type TrustSource =
  | { readonly type: 'file'; readonly path: string; readonly json: string }
  | { readonly type: 'tuf'; readonly mirrorUrl: string; readonly rootJson: Buffer }
  | { readonly type: 'public-good' };

/** The library's shape of a trusted root. */
export interface TrustMaterial {
  readonly certificateAuthorities: readonly CertAuthority[];
  readonly timestampAuthorities: readonly CertAuthority[];
  readonly tlogs: readonly TLogAuthority[];
  readonly ctlogs: readonly TLogAuthority[];
}

/** Trust material, ready for use. */
export interface Trust {
  readonly summary: TrustSummary;
  readonly warnings: readonly RunWarning[];
  /** SHA-256 of the trusted root's canonical JSON, hex: equal fingerprints give equal verdicts. */
  readonly fingerprint: string;
  readonly material: TrustMaterial;
}

// The library takes a log key without a start as valid since 1970.
const logSchema = z.looseObject({
  publicKey: z.looseObject({
    rawBytes: z.string().min(1),
    validFor: z.looseObject({ start: z.iso.datetime() }),
  }),
});
const trustedRootSchema = z.looseObject({
  mediaType: z.enum([
    'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    'application/vnd.dev.sigstore.trustedroot+json;version=0.2',
    'application/vnd.dev.sigstore.trustedroot.v0.2+json',
  ]),
  tlogs: z.array(logSchema).nullish(),
  ctlogs: z.array(logSchema).nullish(),
});

/**
 * @param source how the report names it
 * @throws ProofgateError `BAD_TRUSTED_ROOT`
 */
export function parseTrustedRoot(json: string, source: string): Trust {
  try {
    const value = parseJson(Buffer.from(json), MAX_ROOT_BYTES);
    const checked = trustedRootSchema.safeParse(value);
    if (!checked.success) throw new Error(z.prettifyError(checked.error));
    const material = toTrustMaterial(TrustedRoot.fromJSON(value));
    const hash = fingerprint(value as Json);
    return { summary: { source, fingerprint: hash }, fingerprint: hash, ...usable(material) };
  } catch (cause) {
    throw new ProofgateError(
      'BAD_TRUSTED_ROOT',
      `${source}: no usable Sigstore trusted root (${causeText(cause)})`,
      {
        cause,
        hint: 'Give a trusted_root.json of your Sigstore instance, every log key of it with a validFor.start.',
      },
    );
  }
}

/**
 * Loads trust material, fresh: nothing of it ever comes from a cache.
 * @throws ProofgateError `BAD_TRUSTED_ROOT`, `TRUST_UNAVAILABLE`, or the reason of `signal`
 */
export async function loadTrust(source: TrustSource, http: HttpClient, signal?: AbortSignal): Promise<Trust> {
  switch (source.type) {
    case 'file':
      return parseTrustedRoot(source.json, source.path);
    case 'tuf': {
      const name = redactUrl(source.mirrorUrl);
      const { fetchTrustedRoot, TufMirrorUnreachable } = await loadTuf();
      try {
        return parseFetched(await fetchTrustedRoot(source.mirrorUrl, source.rootJson, http, signal), name);
      } catch (error) {
        throw error instanceof TufMirrorUnreachable ? unavailable(name, error) : error;
      }
    }
    case 'public-good':
      return loadPublicGood(http, signal);
  }
}

/** Only here: with a root from a file, or keys alone, loading it would take longer than verifying. */
function loadTuf(): Promise<typeof import('./tuf.ts')> {
  return import('./tuf.ts');
}

async function loadPublicGood(http: HttpClient, signal: AbortSignal | undefined): Promise<Trust> {
  const seed = seeds[PUBLIC_GOOD_MIRROR];
  const { fetchTrustedRoot, TufMirrorUnreachable } = await loadTuf();
  try {
    const rootJson = Buffer.from(seed['root.json'], 'base64');
    return parseFetched(await fetchTrustedRoot(PUBLIC_GOOD_MIRROR, rootJson, http, signal), 'public good');
  } catch (error) {
    if (!(error instanceof TufMirrorUnreachable)) throw error;
    const shipped = Buffer.from(seed.targets['trusted_root.json'], 'base64').toString('utf8');
    const trust = parseTrustedRoot(shipped, 'public good, as shipped with Proofgate');
    const message = `${PUBLIC_GOOD_MIRROR} cannot be reached (${error.message}): the trusted root that ships with Proofgate is used, which may be out of date`;
    return { ...trust, warnings: [{ code: 'trust.shipped_root', message }, ...trust.warnings] };
  }
}

function parseFetched(json: string, name: string): Trust {
  try {
    return parseTrustedRoot(json, name);
  } catch (error) {
    throw unavailable(name, error);
  }
}

function unavailable(name: string, cause: unknown): ProofgateError {
  return new ProofgateError('TRUST_UNAVAILABLE', `no trusted root from ${name}: ${causeText(cause)}`, {
    cause,
    hint: 'Try again, or give trusted-root as a file.',
  });
}

/** Leaves out, with a warning, what could only mislead the library. */
function usable(material: TrustMaterial): Pick<Trust, 'material' | 'warnings'> {
  const warnings: RunWarning[] = [];
  const keep = (kind: string, check: (chain: readonly X509Certificate[]) => string | undefined) => {
    return ({ certChain }: CertAuthority, index: number) => {
      const problem = check(certChain);
      if (problem === undefined) return true;
      warnings.push({
        code: 'trust.unusable_authority',
        message: `${kind} ${index + 1} of the trusted root is not used: ${problem}`,
      });
      return false;
    };
  };
  const certificateAuthorities = material.certificateAuthorities
    .map(immutable)
    .filter(keep('certificate authority', unanchored));
  const timestampAuthorities = material.timestampAuthorities.map(immutable).filter(
    keep('timestamp authority', ([signer, ...rest]) => {
      if (signer === undefined || !mayStamp(signer))
        return 'its first certificate is not for time stamping alone';
      return unanchored(rest);
    }),
  );
  return { material: { ...material, certificateAuthorities, timestampAuthorities }, warnings };
}

function immutable({ certChain, validFor }: CertAuthority): CertAuthority {
  return { certChain: certChain.map(({ root }) => new ImmutableCertificate(root.toDER())), validFor };
}

// The library needs a self-signed end: everything in a chain is trusted, and an intermediate alone never is.
function unanchored(chain: readonly X509Certificate[]): string | undefined {
  const isRoot = (certificate: X509Certificate) =>
    certificate.subject.equals(certificate.issuer) && certificate.verify();
  return chain.some(isRoot) ? undefined : 'its chain does not end in a self-signed root';
}
