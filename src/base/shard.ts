// A release that is verified in several runs: which components are whose. Every run decides for itself, by what is known
// before any request, and all come to the same.
import { isDigest } from './digest.ts';
import { ProofgateError } from './errors.ts';

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/** More runs than that are no release of ours: a snapshot has at most 10,000 components. */
export const MAX_SHARDS = 1_000;

/**
 * Reads `2/5`, the second of five.
 * @throws ProofgateError `BAD_OPTION`
 */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const shard = { index: Number(index ?? Number.NaN), count: Number(count ?? Number.NaN) };
  if (isShard(shard)) return shard;
  throw new ProofgateError('BAD_OPTION', `${JSON.stringify(text.slice(0, 160))} is no shard`, {
    hint: `Write INDEX/COUNT, such as 2/5 for the second of five; COUNT is at most ${MAX_SHARDS}.`,
  });
}

/** Such as `2/5`. */
export function formatShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/**
 * Those of `images` (references, as they were given) that are the shard's: every `count`th digest, in the order of
 * digests. The order of `images` does not matter, and references of one digest stay together. A reference without a
 * digest takes part under its own text: what a tag points to is not known yet, and may change between two runs.
 */
export function imagesOfShard(images: Iterable<string>, shard: Shard): ReadonlySet<string> {
  const byKey = Map.groupBy(new Set(images), keyOf);
  const keys = [...byKey.keys()].sort();
  const own = keys.filter((_, position) => position % shard.count === shard.index - 1);
  return new Set(own.flatMap((key) => byKey.get(key) ?? []));
}

function isShard({ index, count }: Shard): boolean {
  return index >= 1 && index <= count && count <= MAX_SHARDS;
}

function keyOf(image: string): string {
  const digest = image.slice(image.lastIndexOf('@') + 1);
  return isDigest(digest) ? digest : image;
}
