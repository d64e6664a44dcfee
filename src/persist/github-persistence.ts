// The proof cache on GitHub: one archive, restored before a run and saved after it, each within its time.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ProofgateError } from '../base/errors.ts';
import { type CacheIdentity, classifyHit, restoreKeys, saveKey } from './cache-keys.ts';
import { writeConfinedTar } from './confined-tar.ts';
import type { Environment } from './default-directory.ts';
import {
  checkWritable,
  makeDirectory,
  type Persistence,
  type Restored,
  toReason,
  type Warn,
} from './persistence.ts';
import { toPrintable } from './transcript.ts';
import { type TransferOrder, type TransferOutcome, transfer } from './transfer.ts';

export interface GitHubCacheOptions {
  readonly environment: Environment;
  /** Of this job and of nothing else, e.g. `$RUNNER_TEMP/proofgate-cache`; made when it is missing. */
  readonly folder: string;
  /** Path of github-cache.ts, or of its bundle. */
  readonly program: string;
  readonly identity: CacheIdentity;
  readonly warn: Warn;
  /** Milliseconds; the toolkit alone would wait up to 15 minutes. */
  readonly restoreTimeoutMs?: number;
  readonly saveTimeoutMs?: number;
}

/** Part of the archive's version: caches saved under another name are never found. */
const NAME = 'proofs';
// A cold run takes seconds: nobody should wait longer for a warm one.
const RESTORE_TIMEOUT_MS = 15_000;
const SAVE_TIMEOUT_MS = 30_000;

type Operation = TransferOrder['operation'];

export class GitHubPersistence implements Persistence {
  readonly directory: string;
  readonly #options: GitHubCacheOptions;
  /** False once the service, or what it takes to use it, has failed: trying again would tell nothing new. */
  #isServing = true;

  constructor(options: GitHubCacheOptions) {
    this.#options = options;
    this.directory = join(options.folder, NAME);
  }

  async restore(signal?: AbortSignal): Promise<Restored> {
    const prepare = () => this.#guard('restore', () => this.#prepare());
    if (!(await prepare())) return { hit: 'none', usable: false };
    const key = await this.#guard('restore', () => this.#restore(signal));
    // Again: a bad archive takes the directory with it.
    const usable = (await prepare()) === true;
    return { hit: classifyHit(this.#options.identity, key), usable };
  }

  /** Never replaces an archive: one that has this key has this content. */
  async save(content: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.#guard('save', () => this.#save(content, signal));
  }

  async #restore(signal: AbortSignal | undefined): Promise<string | undefined> {
    if (!this.#isPermitted('restore')) return undefined;
    const [release, family] = restoreKeys(this.#options.identity);
    const order = { operation: 'restore', path: NAME, key: release, restoreKeys: [release, family] } as const;
    const outcome = await this.#transfer(order, this.#options.restoreTimeoutMs ?? RESTORE_TIMEOUT_MS, signal);
    const { answer, transcript } = outcome;
    if (answer?.key !== undefined) return answer.key;
    if (transcript.hasHit) await this.#discard();
    this.#isServing = answer !== undefined && (transcript.hasHit || transcript.isDenied || isFine(outcome));
    this.#tell('restore', outcome, signal);
    return undefined;
  }

  async #save(content: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    if (!this.#isServing || !this.#isPermitted('save')) return;
    const key = saveKey(this.#options.identity, content);
    const order = { operation: 'save', path: NAME, key, restoreKeys: [] } as const;
    const outcome = await this.#transfer(order, this.#options.saveTimeoutMs ?? SAVE_TIMEOUT_MS, signal);
    if (outcome.answer?.key === undefined && !outcome.transcript.isDuplicate)
      this.#tell('save', outcome, signal);
  }

  /** @throws ProofgateError when the runner offers no service */
  #isPermitted(operation: Operation): boolean {
    const { environment } = this.#options;
    const mode = environment.ACTIONS_CACHE_MODE?.trim().toLowerCase();
    const other = operation === 'restore' ? 'write-only' : 'read';
    if (mode === 'none' || mode === other) return false;
    const isOffered = environment.ACTIONS_RESULTS_URL || environment.ACTIONS_CACHE_URL;
    if (isOffered && environment.ACTIONS_RUNTIME_TOKEN) return true;
    throw new Error('this runner offers no cache service');
  }

  async #transfer(
    order: TransferOrder,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<TransferOutcome> {
    const { folder, program, environment } = this.#options;
    const late = AbortSignal.timeout(timeoutMs);
    const scratch = await mkdtemp(join(folder, 'transfer-'));
    try {
      await writeConfinedTar(scratch, environment.PATH ?? '', NAME);
      return await transfer(order, {
        program,
        folder,
        environment: childEnvironment(environment, folder, scratch),
        signal: signal === undefined ? late : AbortSignal.any([late, signal]),
      });
    } finally {
      await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  /** A rename always works, however deep and however much there is; nobody has to wait for the rest. */
  async #discard(): Promise<void> {
    const trash = join(this.#options.folder, `discarded-${randomUUID()}`);
    await rename(this.directory, trash).catch(() => {});
    await rm(trash, { recursive: true, force: true }).catch(() => {});
  }

  async #prepare(): Promise<true> {
    await makeDirectory(this.directory);
    await checkWritable(this.directory);
    return true;
  }

  async #guard<T>(operation: Operation, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#isServing = false;
      this.#warn(operation, toReason(error), error);
      return undefined;
    }
  }

  #tell(operation: Operation, outcome: TransferOutcome, signal: AbortSignal | undefined): void {
    // Whoever ends the run knows it.
    if (signal?.aborted || isFine(outcome)) return;
    this.#warn(operation, reasonOf(outcome));
  }

  #warn(operation: Operation, reason: string, cause?: unknown): void {
    const message = `the proof cache was not ${operation}d: ${toPrintable(reason)}`;
    const hint = 'The verdict is the same without it; `cache: false` switches it off.';
    this.#options.warn(new ProofgateError('CACHE_UNAVAILABLE', message, { cause, hint }));
  }
}

/** An answer and no complaint: there was nothing to restore. */
function isFine({ answer, transcript }: TransferOutcome): boolean {
  return answer !== undefined && answer.error === undefined && transcript.problem === undefined;
}

function reasonOf({ answer, isLate, transcript }: TransferOutcome): string {
  if (!isLate) return answer?.error ?? transcript.problem ?? 'the process that does it ended early';
  const last = transcript.lastAttempt;
  return `the cache service took too long${last === undefined ? '' : ` (${last})`}`;
}

const INHERITED =
  /^(?:ACTIONS_(?:RESULTS_URL|RUNTIME_TOKEN|CACHE_URL|CACHE_SERVICE_V2|CACHE_MODE)|GITHUB_SERVER_URL|(?:https?|no|all)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|HOME|LANG|LC_ALL|USERPROFILE|SystemRoot|SystemDrive|ComSpec|PATHEXT|ProgramFiles)$/i;

/** What the toolkit and tar need: neither the inputs nor the tokens of others. */
function childEnvironment(environment: Environment, folder: string, scratch: string): Environment {
  const inherited = Object.entries(environment).filter(([name]) => INHERITED.test(name));
  return {
    ...Object.fromEntries(inherited),
    PATH: [scratch, environment.PATH ?? ''].join(delimiter),
    // Where the toolkit extracts to, and where it downloads to.
    GITHUB_WORKSPACE: folder,
    RUNNER_TEMP: scratch,
    TMPDIR: scratch,
  };
}
