// What an extracted archive may leave behind: folders and regular files, few levels deep.
import { chmod, lstat, opendir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const MAX_DEPTH = 8;
const MAX_ENTRIES = 250_000;

/**
 * Removes links, pipes, sockets and devices below `directory`, and makes what stays readable for us.
 * @throws Error when `directory` is none, is too deep or holds too much: it is not ours then.
 */
export async function removeForeignFiles(directory: string, maxEntries = MAX_ENTRIES): Promise<void> {
  if (!(await lstat(directory)).isDirectory()) throw new Error('the archive holds no directory');
  let left = maxEntries;
  const sweep = async (folder: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH) throw new Error(`the archive is more than ${MAX_DEPTH} levels deep`);
    await chmod(folder, 0o700);
    for await (const entry of await opendir(folder)) {
      left -= 1;
      if (left < 0) throw new Error(`the archive has more than ${maxEntries} entries`);
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await sweep(path, depth + 1);
      else if (entry.isFile()) await chmod(path, 0o600);
      else await unlink(path);
    }
  };
  await sweep(directory, 0);
}
