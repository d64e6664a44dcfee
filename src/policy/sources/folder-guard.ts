// Watches how much a program writes to a folder, where the program has no bound of its own.
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface FolderGuard {
  /** Aborted with a RangeError when there is too much, or with the outer signal's reason. */
  readonly signal: AbortSignal;
  stop(): void;
}

const LOOK_EVERY_MS = 100;

/** Looks several times a second: what is written in between is the price. */
export function folderGuard(folder: string, maxBytes: number, outer: AbortSignal): FolderGuard {
  const controller = new AbortController();
  const tooMuch = () => controller.abort(new RangeError(`it transfers more than ${maxBytes} bytes`));
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    sizeOf(folder)
      .then((bytes) => bytes > maxBytes && tooMuch())
      .finally(() => {
        isLooking = false;
      });
  }, LOOK_EVERY_MS);
  return { signal: AbortSignal.any([outer, controller.signal]), stop: () => clearInterval(timer) };
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const entry of await opendir(folder, { recursive: true })) {
      const file = entry.isFile()
        ? await stat(join(entry.parentPath, entry.name)).catch(() => undefined)
        : undefined;
      bytes += file?.size ?? 0;
    }
  } catch {} // Folders come and go.
  return bytes;
}
