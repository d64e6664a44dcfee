// Where a run's proofs are kept: a directory, GitHub's cache, or nowhere.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { imagesOfShard } from './base/shard.ts';
import { parseReference } from './oci/reference.ts';
import type { Options } from './options.ts';
import { decideCache } from './persist/cache-safety.ts';
import { defaultCacheDirectory } from './persist/default-directory.ts';
import { GitHubPersistence } from './persist/github-persistence.ts';
import { DirectoryPersistence, type Persistence, type Warn } from './persist/persistence.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The command keeps proofs in a directory: the one that the user names has to be there, its own is made. */
export function commandPersistence(
  options: Options,
  environment: Environment,
  warn: Warn,
): Persistence | undefined {
  if (options.cache === 'false') return undefined;
  if (options.cacheDirectory !== undefined) return namedDirectory(options.cacheDirectory, warn);
  const directory = defaultCacheDirectory(environment);
  return directory === undefined
    ? undefined
    : new DirectoryPersistence({ directory, createIfMissing: true, warn });
}

export interface RunnerPlace {
  readonly environment: Environment;
  /** Of this job alone. */
  readonly temporaryFolder: string;
  /** The program that talks to the cache service. */
  readonly program: string;
  readonly warn: Warn;
  /** Told why nothing is kept. */
  readonly inform: (reason: string) => void;
}

/** The action keeps proofs in GitHub's cache where that is safe, or in the directory that the user names. */
export function actionPersistence(options: Options, place: RunnerPlace): Persistence | undefined {
  const { environment, temporaryFolder, program, warn, inform } = place;
  if (options.cache !== 'false' && options.cacheDirectory !== undefined)
    return namedDirectory(options.cacheDirectory, warn);
  const { enabled, reason } = decideCache(options.cache, environment);
  if (!enabled) {
    inform(`no proofs are kept: ${reason}`);
    return undefined;
  }
  const { shard, snapshot } = options;
  const all = snapshot.components.map(({ containerImage }) => containerImage);
  // Archives are never replaced: each shard has its own.
  const images = shard === undefined ? all : [...imagesOfShard(all, shard)];
  // A release that gains a component is still of the family, and so is each of its shards.
  const identity = {
    family: all.map((image) => parseReference(image).repository.registry),
    release: images,
  };
  const folder = join(temporaryFolder, 'proofgate-cache');
  return new GitHubPersistence({ environment, folder, program, identity, warn });
}

/** The program for GitHub's cache: beside the bundled action, or its source. */
export function cacheProgram(actionFolder: string): string {
  const bundled = join(dirname(actionFolder), 'cache', 'index.js');
  return existsSync(bundled) ? bundled : join(actionFolder, 'persist', 'github-cache.ts');
}

function namedDirectory(directory: string, warn: Warn): Persistence {
  return new DirectoryPersistence({ directory, createIfMissing: false, warn });
}
