// Names of saved archives. Each part has a fixed length: no name is the beginning of another one's part.
import { fingerprint } from '../base/fingerprint.ts';
import type { CacheHit } from './persistence.ts';

/** What an archive is for. Both are sets: order and repetition do not matter. */
export interface CacheIdentity {
  /** What related releases have in common, e.g. their repositories. */
  readonly family: readonly string[];
  /** What this run looks at: its references, digests included. */
  readonly release: readonly string[];
}

const PREFIX = 'proofgate-v1';
/** 128 bits: a collision costs a miss, since nothing restored is believed. */
const HASH_CHARS = 32;

/**
 * The newest archive of the same release, else the newest of the family. The service matches prefixes, of
 * the first key too; what is restored is verified again, so any of them may be used.
 */
export function restoreKeys(identity: CacheIdentity): readonly [release: string, family: string] {
  const family = `${PREFIX}-${hashSet(identity.family)}-`;
  return [`${family}${hashSet(identity.release)}-`, family];
}

/** Ends with what is saved: entries cannot be replaced, and an archive with newer proofs needs a new name. */
export function saveKey(identity: CacheIdentity, content: readonly string[]): string {
  return `${restoreKeys(identity)[0]}${hashSet(content)}`;
}

/** What the service found, compared with what was asked for. */
export function classifyHit(identity: CacheIdentity, matched: string | undefined): CacheHit {
  if (matched === undefined) return 'none';
  const [release] = restoreKeys(identity);
  const isWhole = matched.length === release.length + HASH_CHARS;
  return matched.startsWith(release) && isWhole ? 'full' : 'partial';
}

function hashSet(items: readonly string[]): string {
  return fingerprint([...new Set(items)].sort()).slice(0, HASH_CHARS);
}
