// Pins the release policy that a configuration names by its moving tag (Conforma's POLICY_BUNDLE_DIGEST).
import { isDigest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import { formatRepository } from '../oci/reference.ts';
import type { PolicyConfig } from './config.ts';
import { parseSourceUrl } from './sources/source-url.ts';

const TAG = 'konflux';

/**
 * Replaces `:konflux` by the digest in every policy image that has that tag and no digest yet.
 * @param text a digest, or the hex of a sha256 alone
 * @throws ProofgateError `BAD_OPTION`: no digest, or the configuration names no image with that tag; `BAD_POLICY`
 */
export function withBundleDigest(config: PolicyConfig, text: string): PolicyConfig {
  const digest = text.includes(':') ? text : `sha256:${text}`;
  if (!isDigest(digest)) {
    throw new ProofgateError(
      'BAD_OPTION',
      `policy-bundle-digest is no digest: ${JSON.stringify(text.slice(0, 160))}`,
    );
  }
  const replaced = new Map<string, string>();
  for (const url of config.sources.flatMap(({ policy }) => policy)) {
    const source = parseSourceUrl(url);
    if (source.type !== 'oci' || source.reference.tag !== TAG) continue;
    const { repository, digest: pinnedAlready } = source.reference;
    replaced.set(url, pinnedAlready === undefined ? `oci::${formatRepository(repository)}@${digest}` : url);
  }
  if (replaced.size === 0) {
    throw new ProofgateError(
      'BAD_OPTION',
      `policy-bundle-digest: the policy has no image with the tag ${TAG}`,
      {
        hint: 'Write the digest into the policy itself: oci::host/repository@sha256:….',
      },
    );
  }
  return replaceUrls(config, replaced);
}

function replaceUrls(config: PolicyConfig, replaced: ReadonlyMap<string, string>): PolicyConfig {
  const replace = (urls: readonly string[]) => urls.map((url) => replaced.get(url) ?? url);
  const sources = config.sources.map((group) => ({ ...group, policy: replace(group.policy) }));
  const raw = Array.isArray(config.spec.sources) ? config.spec.sources : [];
  const spec = {
    ...config.spec,
    sources: sources.map(({ policy }, index) => ({ ...raw[index], policy })),
  };
  return { ...config, sources, spec };
}
