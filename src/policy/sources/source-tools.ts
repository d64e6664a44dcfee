// What fetching a policy needs of the run, and every bound of it, named once. Tests inject smaller ones.
import type { HttpClient } from '../../base/http.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { ImageSource, KeptProofs } from '../../oci/image-source.ts';

export interface SourceTools {
  readonly images: ImageSource;
  /** Where policy bundles are kept for the next run; undefined: nowhere. */
  readonly kept?: Pick<KeptProofs, 'keepContent'> | undefined;
  readonly http: HttpClient;
  /** Where policies are that are named `[namespace/]name`; undefined: outside of any. */
  readonly cluster?: Pick<Cluster, 'fetchPolicy'> | undefined;
  /** For the `git` program: where it is, its proxies, authorities and ssh agent. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Nothing is asked of git or https: no socket, no process. Images come from what is kept. */
  readonly offline: boolean;
  readonly limits?: Partial<SourceLimits>;
}

export interface SourceLimits {
  /** For one source, everything included. */
  readonly fetchMs: number;
  /** Sources under way at once. */
  readonly concurrency: number;
  /** Files of one source, folders included. */
  readonly files: number;
  readonly fileBytes: number;
  /** Sum over the files of one source; also what a git repository may transfer, and an archive may grow to. */
  readonly sourceBytes: number;
  /** Folders in folders. */
  readonly depth: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_SOURCE_LIMITS: SourceLimits = {
  fetchMs: 300_000,
  concurrency: 8,
  files: 20_000,
  fileBytes: 32 * MIB,
  sourceBytes: 128 * MIB,
  depth: 32,
};

export function limitsOf(tools: Pick<SourceTools, 'limits'>): SourceLimits {
  return { ...DEFAULT_SOURCE_LIMITS, ...tools.limits };
}
