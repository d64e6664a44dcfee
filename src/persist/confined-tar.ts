// A `tar` for the toolkit that stays inside the folder that it is given. The toolkit extracts with -P: a
// hostile archive could then write any file of this user, before anybody could look at it.
import { constants } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The toolkit prefers `gtar` on macOS. */
const NAMES = ['tar', 'gtar'] as const;

/**
 * Writes launchers of the real tools to `folder`, which is to come first in PATH. They drop -P, so that
 * absolute names, `..` and links that lead outside are refused by tar itself, and extract only `member`.
 * A tool that is not there gets none. Without effect on Windows, where the toolkit takes tar from a fixed place.
 *
 * @throws Error when there is no tar at all
 */
export async function writeConfinedTar(folder: string, path: string, member: string): Promise<void> {
  let isThere = process.platform === 'win32';
  for (const name of NAMES) {
    const real = await findProgram(name, path);
    if (real === undefined) continue;
    await writeFile(join(folder, name), launcher(real, member), { mode: 0o700 });
    isThere = true;
  }
  if (!isThere) throw new Error('there is no tar on PATH');
}

async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((item) => item !== '')) {
    const file = join(folder, name);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

function launcher(real: string, member: string): string {
  return `#!/bin/sh
unset ACTIONS_RUNTIME_TOKEN
mode=$1
for argument do
  shift
  [ "$argument" = -P ] || set -- "$@" "$argument"
done
[ "$mode" != -xf ] || set -- "$@" --no-same-owner --no-same-permissions ${quote(member)}
exec ${quote(real)} "$@"
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
