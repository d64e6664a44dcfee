// Answers what policies ask beside their input: ec.oci.* and ec.sigstore.*, once for all components of a run.
import type { Clock } from '../../base/clock.ts';
import { ProofgateError } from '../../base/errors.ts';
import type { HttpClient } from '../../base/http.ts';
import type { ImageSource, KeptProofs } from '../../oci/image-source.ts';
import type { Trust } from '../../verify/trust.ts';
import type { HostFunctions } from '../engine.ts';

export interface HostTools {
  /** Manifests and blobs, which their digests prove. */
  readonly images: ImageSource;
  /** Tags and lists of referrers, which may have changed since: asked of the registry in each run. */
  readonly registry: Pick<ImageSource, 'resolve' | 'findManifestByTag' | 'referrers'>;
  /** Where what was read is noted for the next run. */
  readonly proofs?: KeptProofs | undefined;
  readonly trust: (signal?: AbortSignal) => Promise<Trust>;
  /** For transparency logs that options name. */
  readonly http: HttpClient;
  readonly clock: Clock;
}

/** What the policies of one component ask with. */
export interface ComponentHost {
  readonly functions: HostFunctions;
  /** Notes for the next run what was read. Call it only when the component is verified, its policies included. */
  keep(): Promise<void>;
}

/** Call it once a run; then what it gives, once a component: all of them share each lookup. */
export function createHostFunctions(_tools: HostTools): () => ComponentHost {
  return () => ({
    functions: async (name) => {
      throw new ProofgateError('INTERNAL', `${name} is not there yet`);
    },
    keep: async () => {},
  });
}
