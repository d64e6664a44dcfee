// What can be done to a file of a store by whoever may write the directory.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Dice } from './stores.ts';

export interface Scene {
  /** A file outside the store. */
  readonly secret: string;
  /** A directory outside the store. */
  readonly outside: string;
  /** Another file of the store. */
  readonly other: string;
  readonly dice: Dice;
}

export type Damage = (path: string, scene: Scene) => void;

/** Each leaves something else than the true file at `path`, or on the way to it. */
export const DAMAGE: Readonly<Record<string, Damage>> = {
  'a flipped bit': (path, { dice }) => {
    const bytes = readFileSync(path);
    const at = dice.roll(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.roll(8));
    writeFileSync(path, bytes);
  },
  'a truncated file': (path, { dice }) => truncateSync(path, dice.roll(readFileSync(path).length)),
  'an empty file': (path) => truncateSync(path, 0),
  'a longer file': (path) => writeFileSync(path, 'x', { flag: 'a' }),
  'the content of another file': (path, { other }) => copyFileSync(other, path),
  'two files swapped': (path, { other }) => {
    renameSync(path, `${path}.swap`);
    renameSync(other, path);
    renameSync(`${path}.swap`, other);
  },
  'a link to a file outside': (path, { secret }) => replace(path, () => symlinkSync(secret, path)),
  'a link to the true file, moved outside': (path, { outside, dice }) => {
    const moved = join(dirname(outside), `moved-${dice.roll(1e9)}`);
    renameSync(path, moved);
    symlinkSync(moved, path);
  },
  'a link to itself': (path) => replace(path, () => symlinkSync(path, path)),
  'a link to nothing': (path) => replace(path, () => symlinkSync('/nowhere/at/all', path)),
  'a link to a device': (path) => replace(path, () => symlinkSync('/dev/zero', path)),
  'a second name of a file outside': (path, { secret }) => replace(path, () => linkSync(secret, path)),
  'an empty directory': (path) => replace(path, () => mkdirSync(path)),
  'a full directory': (path) =>
    replace(path, () => {
      mkdirSync(join(path, 'deep'), { recursive: true });
      writeFileSync(join(path, 'deep/file'), 'x');
    }),
  'a pipe': (path) => replace(path, () => execFileSync('mkfifo', [path])),
  'a 2 GB sparse file': (path) =>
    replace(path, () => {
      closeSync(openSync(path, 'w'));
      truncateSync(path, 2 * 1024 ** 3);
    }),
  'a link in the place of its directory': (path, { outside }) =>
    replace(dirname(path), () => symlinkSync(outside, dirname(path))),
  'its directory moved outside and linked': (path, { outside, dice }) => {
    // Even good bytes are not read through a link.
    const moved = join(dirname(outside), `moved-${dice.roll(1e9)}`);
    renameSync(dirname(path), moved);
    symlinkSync(moved, dirname(path));
  },
  'a link in the place of its directory, to a wrong file of that name': (path, { outside, dice }) => {
    const trap = join(outside, `trap-${dice.roll(1e9)}`);
    mkdirSync(trap);
    writeFileSync(join(trap, basename(path)), 'not to be removed');
    replace(dirname(path), () => symlinkSync(trap, dirname(path)));
  },
  'a file in the place of its directory': (path) =>
    replace(dirname(path), () => writeFileSync(dirname(path), 'x')),
  'nothing at all': (path) => rmSync(path),
};

function replace(path: string, make: () => void): void {
  rmSync(path, { recursive: true });
  make();
}
