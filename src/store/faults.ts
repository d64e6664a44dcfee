// Faults of the store itself (permission, disk full, I/O), told apart from "not there" and from damaged content.

/** A fault met in the middle of other work. `cause` is the foreign error; without one the file was just gone. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';

  constructor(cause?: unknown) {
    super('a fault of the store', cause === undefined ? undefined : { cause });
  }
}

/** @throws StoreFault when `work` fails */
export async function storing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new StoreFault(error);
  }
}

const ABSENT = new Set(['ENOENT', 'ENOTDIR']);
/** Opening a symbolic link (`EMLINK` on BSD), a socket, a directory on Windows. */
const IRREGULAR = new Set(['ELOOP', 'EMLINK', 'ENXIO', 'EISDIR']);

export function codeOf(error: unknown): string {
  return (error as { code?: unknown } | null)?.code?.toString() ?? 'unknown';
}

/** Nothing is there, or an ancestor is no directory. */
export function isAbsence(error: unknown): boolean {
  return ABSENT.has(codeOf(error));
}

/** Something is there that is no file. */
export function isIrregularity(error: unknown): boolean {
  return IRREGULAR.has(codeOf(error));
}

export type Operation = 'open' | 'read' | 'write' | 'remove from' | 'list';

/** One warning for each kind of fault, however often it is met. */
export class Faults {
  readonly #root: string;
  readonly #warn: (message: string) => void;
  readonly #told = new Set<string>();

  constructor(root: string, warn: (message: string) => void) {
    this.#root = root;
    this.#warn = warn;
  }

  report(operation: Operation, error: unknown): void {
    const kind = `${operation} ${codeOf(error)}`;
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    const cause = error instanceof Error ? error.message : String(error);
    this.#warn(`cannot ${operation} the proof cache at ${this.#root}, going on without: ${cause}`);
  }

  /**
   * The result of `work`, or undefined: absence says nothing, a fault is reported.
   * @throws the reason of `signal` when it was aborted
   */
  async attempt<T>(
    operation: Operation,
    work: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      const cause = error instanceof StoreFault ? error.cause : error;
      if (cause !== undefined && !isAbsence(cause)) this.report(operation, cause);
      return undefined;
    }
  }
}
