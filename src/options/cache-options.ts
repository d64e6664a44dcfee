// What is kept between runs, and whether anything else may be asked.
import { ProofgateError } from '../base/errors.ts';
import type { Surface } from './option-list.ts';
import type { OptionReader } from './option-reader.ts';
import { quote } from './values.ts';

export type CacheSetting = 'auto' | 'true' | 'false';

/** Removed signatures must be noticed some day. */
const MAX_AGE_MS = 30 * 86_400_000;

export interface CacheOptions {
  readonly cache: CacheSetting;
  readonly cacheDirectory: string | undefined;
  /** Listings of this age or older are made anew. */
  readonly cacheMaxAgeMs: number;
  readonly cacheMaxBytes: number;
  readonly offline: boolean;
}

export function readCacheOptions(reader: OptionReader, surface: Surface): CacheOptions {
  const cache =
    reader.attempt(reader.label('cache'), () => parseSetting(reader.text('cache') ?? 'auto')) ?? 'auto';
  const offline = reader.boolean('offline');
  if (offline) refuseOnline(reader, cache, surface);
  return {
    cache,
    cacheDirectory: reader.text('cache-dir'),
    cacheMaxAgeMs: reader.durationMs('cache-max-age', MAX_AGE_MS),
    cacheMaxBytes: reader.bytes('cache-max-size'),
    offline,
  };
}

/** Options that only make sense when something may be asked. */
function refuseOnline(reader: OptionReader, cache: CacheSetting, surface: Surface): void {
  const offline = reader.label('offline');
  for (const name of ['tuf-mirror', 'rekor-url'] as const) {
    if (reader.isGiven(name)) {
      reader.add('BAD_OPTION', `${offline} and ${reader.label(name)} are both given`, 'Give one of them.');
    }
  }
  // GitHub's cache is a service: asking it would open a connection.
  if (surface === 'action' && !reader.isGiven('cache-dir'))
    reader.add('BAD_OPTION', `${offline} needs ${reader.label('cache-dir')}`);
  if (cache === 'false')
    reader.add('BAD_OPTION', `${offline} needs the proofs that ${reader.label('cache')} keeps`);
}

function parseSetting(text: string): CacheSetting {
  const setting = text.toLowerCase();
  if (setting === 'auto' || setting === 'true' || setting === 'false') return setting;
  throw new ProofgateError('BAD_OPTION', `${quote(text)} is neither auto, true nor false`);
}
