import { describe, expect, it } from 'vitest';
import { formatShard, imagesOfShard, parseShard } from '../../src/base/shard.ts';
import { codeOf } from '../verify/support/world.ts';

const digest = (seed: number) => `sha256:${(seed * 2_654_435_761).toString(16).padStart(64, '0')}`;
const pinned = (seed: number) => `registry.test/app-${seed % 7}@${digest(seed)}`;
const tagged = (seed: number) => `registry.test/app-${seed}:v1`;
const IMAGES = Array.from({ length: 103 }, (_, seed) => (seed % 5 === 0 ? tagged(seed) : pinned(seed)));
const shards = (images: readonly string[], count: number) =>
  Array.from({ length: count }, (_, at) => [...imagesOfShard(images, { index: at + 1, count })]);

describe('the shards of a release', () => {
  it.each([1, 2, 3, 5, 17, 102, 103, 104, 1000])('%i of them hold everything, and nothing twice', (count) => {
    const parts = shards(IMAGES, count);
    expect(parts.flat().toSorted()).toEqual(IMAGES.toSorted());
    const sizes = parts.map((part) => part.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  it('are the same in whatever order the components come', () => {
    const shuffled = IMAGES.toSorted((a, b) => a.length - b.length || (a < b ? 1 : -1));
    const sorted = (images: readonly string[]) => shards(images, 5).map((part) => part.toSorted());
    expect(sorted([...shuffled, ...shuffled])).toEqual(sorted(IMAGES));
  });

  it('keep references of one digest together, and go by nothing else of a pinned reference', () => {
    const images = Array.from({ length: 40 }, (_, seed) => pinned(seed));
    const twins = images.map((image) =>
      image.replace('registry.test/', 'other.test/a/').replace('@', ':v2@'),
    );
    for (const part of shards([...images, ...twins], 7)) {
      const digests = part.map((image) => image.slice(image.indexOf('@')));
      expect(new Set(digests).size).toBe(part.length / 2);
    }
  });

  it.each(['', '1', '0/5', '6/5', '1/0', '1/1001', '-1/5', '1/5/2', '1.0/5', ' 1/5', '1/ 5', '1/5\n', 'a/b'])(
    'are not named by %j',
    async (text) => {
      expect(await codeOf(() => parseShard(text))).toBe('BAD_OPTION');
    },
  );

  it('are named by index and count', () => {
    for (const text of ['1/1', '2/5', '1000/1000']) expect(formatShard(parseShard(text))).toBe(text);
  });
});
