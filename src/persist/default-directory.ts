// The folder of the proof cache when the user names none.
import { posix, win32 } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

const NAME = 'proofgate';

/**
 * `$XDG_CACHE_HOME/proofgate` where that is an absolute path, else the platform's own place below the home
 * directory. Undefined where the environment names no home.
 */
export function defaultCacheDirectory(
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const path = platform === 'win32' ? win32 : posix;
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = environment;
  const home = platform === 'win32' ? environment.USERPROFILE : environment.HOME;
  // XDG Base Directory Specification: a relative path is invalid and ignored.
  if (xdg && path.isAbsolute(xdg)) return path.join(xdg, NAME);
  if (platform === 'win32' && local && path.isAbsolute(local)) return path.join(local, NAME, 'Cache');
  if (!home || !path.isAbsolute(home)) return undefined;
  if (platform === 'win32') return path.join(home, 'AppData', 'Local', NAME, 'Cache');
  if (platform === 'darwin') return path.join(home, 'Library', 'Caches', NAME);
  return path.join(home, '.cache', NAME);
}
