// A job on a runner: its temporary folder, its environment, and the cache service that it talks to.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProofgateError } from '../../../src/base/errors.ts';
import { type GitHubCacheOptions, GitHubPersistence } from '../../../src/persist/github-persistence.ts';
import type { CacheService } from '../../support/cache-service.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';

export const PROGRAM = join(
  dirname(dirname(dirname(import.meta.dirname))),
  'src',
  'persist',
  'github-cache.ts',
);
export const IDENTITY = { family: ['registry.test'], release: ['registry.test/shop@sha256:1'] };

export interface Job extends Disposable {
  readonly cache: GitHubPersistence;
  readonly temp: TempDirectory;
  /** Codes and messages, in order. */
  readonly warnings: string[];
  write(name: string, content: string | Buffer): void;
  read(name: string): string;
}

/** A job with a temporary folder of its own, as every job on a hosted runner has. */
export function startJob(service: CacheService, more: Partial<GitHubCacheOptions> = {}): Job {
  const temp = tempDirectory();
  const warnings: string[] = [];
  const cache = new GitHubPersistence({
    folder: join(temp.path, 'proofgate-cache'),
    program: PROGRAM,
    identity: IDENTITY,
    warn: ({ code, message }: ProofgateError) => warnings.push(`${code}: ${message}`),
    ...more,
    environment: { PATH: process.env.PATH, ...service.environment, ...more.environment },
  });
  return {
    cache,
    temp,
    warnings,
    write: (name, content) => {
      const file = join(cache.directory, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    },
    read: (name) => readFileSync(join(cache.directory, name), 'utf8'),
    [Symbol.dispose]: temp.remove,
  };
}

/** Runs a job that finds nothing and saves `content`. */
export async function saveOnce(service: CacheService, content = 'proof'): Promise<void> {
  using job = startJob(service);
  await job.cache.restore();
  job.write('blobs/a', content);
  await job.cache.save([content]);
}

/** A folder for PATH that holds only `programs`, from where they are. */
export function pathWith(temp: TempDirectory, programs: readonly string[]): string {
  const folder = join(temp.path, 'bin');
  mkdirSync(folder, { recursive: true });
  for (const name of programs) symlinkSync(join('/usr/bin', name), join(folder, name));
  return folder;
}
