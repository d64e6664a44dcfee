// What the benchmark verifies, in a process of its own so that its CPU is not counted: a registry that takes its
// time, full of signed images. Speaks with the benchmark by messages.
import { pushManyImages } from '../../demo/snapshot.ts';
import type { SnapshotSpec } from '../../src/validate/snapshot.ts';
import { generateKey } from '../support/keys.ts';
import { startRegistry } from '../support/registry.ts';
import { byIdentity, byKey, type SignOptions } from '../support/signing.ts';
import { startSigstore } from '../support/sigstore.ts';

export interface Variant {
  readonly layout: 'legacy' | 'bundle';
  readonly signer: 'key' | 'keyless';
}

export interface ReleaseOrder extends Variant {
  readonly components: number;
  /** Before every answer of the registry. */
  readonly delayMs: number;
}

export interface Release {
  readonly snapshot: SnapshotSpec;
  readonly publicKeyPem: string;
  readonly subject: string;
  readonly issuer: string;
  readonly trustedRoot: string;
}

/** What this process sends: the release once it stands, and the number of requests since it was last asked. */
export type Message = { readonly release: Release } | { readonly requests: number };

const SUBJECT = 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';

async function serve({ components, delayMs, layout, signer }: ReleaseOrder): Promise<void> {
  const registry = await startRegistry();
  const sigstore = await startSigstore();
  const key = generateKey();
  const options: Pick<SignOptions, 'layout' | 'signer' | 'log'> =
    signer === 'key'
      ? { layout, signer: byKey(key), log: 'none' }
      : { layout, signer: byIdentity(SUBJECT, ISSUER), log: 'v1' };
  // By digest, as in the snapshots that build systems make.
  const snapshot = await pushManyImages(registry, sigstore, components, { ...options, named: 'digest' });
  registry.latencyMs = delayMs;
  process.on('message', () => {
    reply({ requests: registry.requests.length });
    registry.clearLog();
  });
  const { trustedRootJson: trustedRoot } = sigstore;
  reply({
    release: { snapshot, publicKeyPem: key.publicPem, subject: SUBJECT, issuer: ISSUER, trustedRoot },
  });
}

function reply(message: Message): void {
  process.send?.(message);
}

// The first message is the order; later ones ask for the number of requests.
process.once('message', (order) => serve(order as ReleaseOrder));
process.once('disconnect', () => process.exit());
