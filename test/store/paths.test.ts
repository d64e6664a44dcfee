import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { StorePaths } from '../../src/store/paths.ts';

const SHORT = digestOf('content');
const LONG = digestOf('content', 'sha512');

describe.each([
  ['POSIX', path.posix, '/cache'],
  ['Windows', path.win32, 'C:\\cache'],
])('paths of a store on %s', (_, flavour, root) => {
  const paths = new StorePaths(root, flavour);
  const all = [
    paths.blob(SHORT),
    paths.blob(LONG),
    paths.proof('0a'.repeat(32)),
    paths.temporaryFile('1-aa-bb'),
  ];
  const namesOf = (file: string) => flavour.relative(root, file).split(flavour.sep);

  test('every name is valid on Windows and on macOS, and the same where case does not count', () => {
    for (const name of all.flatMap(namesOf)) {
      expect(name).toMatch(/^[0-9a-z-]+(?:\.json)?$/);
      expect(name).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/);
      // eCryptfs, the shortest that is in use.
      expect(name.length).toBeLessThanOrEqual(143);
    }
  });

  test('a path below a folder of ordinary length fits into what Windows allows', () => {
    for (const file of all) expect(flavour.relative(root, file).length).toBeLessThan(200);
  });

  test('nothing lies outside of the version of the format', () => {
    for (const file of all) expect(namesOf(file)[0]).toBe('v1');
  });

  test('a blob lies at its algorithm, two digits and its hex', () => {
    const hex = SHORT.slice('sha256:'.length);
    expect(namesOf(paths.blob(SHORT))).toEqual(['v1', 'blobs', 'sha256', hex.slice(0, 2), hex]);
    expect(namesOf(paths.blob(LONG))[2]).toBe('sha512');
  });

  test('a place leads back to its digest, and no other place does', () => {
    for (const digest of [SHORT, LONG]) expect(paths.digestAt(paths.blob(digest))).toBe(digest);
    const place = paths.blob(SHORT);
    const elsewhere = [
      `${place}0`,
      place.replace('sha256', 'sha512'),
      flavour.join(flavour.dirname(place), '..', '00', flavour.basename(place)),
      flavour.join(place, flavour.basename(place)),
      flavour.dirname(place),
      paths.proof('0a'.repeat(32)),
      root,
    ];
    for (const file of elsewhere) expect(paths.digestAt(file)).toBeUndefined();
  });

  test('only the place of a record is one', () => {
    const place = paths.proof('0a'.repeat(32));
    expect(paths.isProof(place)).toBe(true);
    expect(paths.isProof(place.replace('.json', ''))).toBe(false);
    expect(paths.isProof(flavour.join(paths.proofs, '00', `${'0a'.repeat(32)}.json`))).toBe(false);
    expect(paths.isProof(paths.blob(SHORT))).toBe(false);
  });

  test('the directories of a path begin below the root', () => {
    expect(paths.chain(flavour.join(root, 'v1', 'tmp'))).toEqual([
      flavour.join(root, 'v1'),
      flavour.join(root, 'v1', 'tmp'),
    ]);
  });
});
