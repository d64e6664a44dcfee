// What a run of one shard says of itself, so that nobody merges what does not belong together.
import { createHash } from 'node:crypto';
import { fingerprint, type Json } from './base/fingerprint.ts';
import { imagesOfShard } from './base/shard.ts';
import type { GivenSigners } from './options/signer-options.ts';
import type { Options } from './options.ts';
import type { PolicySummary, ShardSummary } from './report/report.ts';
import type { Signers, TextMatcher } from './verify/signers.ts';
import type { TrustSource } from './verify/trust.ts';

/** What a run found out before it looked at anything. */
export interface Pins {
  readonly signers: Signers;
  readonly taskBundleSigners: Signers | undefined;
  readonly rekorUrl: string | undefined;
  readonly policy: PolicySummary | undefined;
}

/**
 * Undefined for a run over the whole release.
 * @param options as they were given
 * @param pins undefined: keys or policy could not be had
 * @param release of the expanded release; undefined: nobody needed it, or nobody knows
 */
export function summarizeShard(
  options: Options,
  pins: Pins | undefined,
  release: string | undefined,
): ShardSummary | undefined {
  const { shard, snapshot } = options;
  if (shard === undefined) return undefined;
  const images = snapshot.components.map(({ containerImage }) => containerImage);
  return {
    ...shard,
    components: imagesOfShard(images, shard).size,
    of: images.length,
    snapshot: fingerprintImages(images),
    settings: fingerprintSettings(options),
    ...(pins === undefined ? {} : { pins: fingerprintPins(pins) }),
    ...(release === undefined ? {} : { release }),
  };
}

/** Of a list of references; their order does not matter. */
export function fingerprintImages(images: readonly string[]): string {
  return fingerprint([...images].sort());
}

/** All that decides and was given; not what a run costs, and not where its results go. */
function fingerprintSettings(options: Options): string {
  const { signers, taskBundleSigners } = options;
  return fingerprint({
    application: options.snapshot.application,
    signers: describeGiven(signers),
    taskBundleSigners: taskBundleSigners === undefined ? null : describeGiven(taskBundleSigners),
    require: [...options.require].sort(),
    ignoreRekor: options.ignoreRekor,
    rekorUrl: options.rekorUrl ?? null,
    trust: describeTrust(options.trust),
    offline: options.offline,
    // Where its text was is not what it says: that is in the pins.
    hasPolicy: options.policy !== undefined,
    effectiveTime: options.effectiveTime,
  });
}

function fingerprintPins({ signers, taskBundleSigners, rekorUrl, policy }: Pins): string {
  return fingerprint({
    signers: describe(signers),
    taskBundleSigners: taskBundleSigners === undefined ? null : describe(taskBundleSigners),
    rekorUrl: rekorUrl ?? null,
    // As text: numbers in a policy may be objects that keep their digits.
    spec: policy === undefined ? null : JSON.stringify(policy.spec),
    sources: policy === undefined ? null : policy.sources.map(({ fingerprint: content }) => content),
  });
}

function describeGiven({ secrets, ...signers }: GivenSigners): Json {
  return [describe(signers), secrets.map(({ namespace, name }) => [namespace, name])];
}

/** Any one of them may match: their order decides nothing. */
function describe({ keys, identities }: Signers): Json {
  const describeText = ({ type, pattern }: TextMatcher) => [type, pattern];
  return {
    keys: keys.map((key) => key.fingerprint).sort(),
    identities: identities
      .map(({ subject, issuer }) => JSON.stringify([describeText(subject), describeText(issuer)]))
      .sort(),
  };
}

function describeTrust(source: TrustSource): Json {
  switch (source.type) {
    case 'public-good':
      return source.type;
    case 'file':
      return [source.type, sha256(source.json)];
    case 'tuf':
      return [source.type, source.mirrorUrl, sha256(source.rootJson)];
  }
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
