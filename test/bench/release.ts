// What is verified under load, in a process of its own so that its CPU is not counted: a registry that takes its
// time and has its faults, full of signed images. Speaks with the process that started it by messages.
import { type ManyImagesOptions, pushManyImages } from '../../demo/snapshot.ts';
import type { SnapshotComponent, SnapshotSpec } from '../../src/validate/snapshot.ts';
import { Dice } from '../store/support/stores.ts';
import type { FaultRule } from '../support/faults.ts';
import { generateKey } from '../support/keys.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { byIdentity, byKey } from '../support/signing.ts';
import { type SigstoreServices, startSigstore } from '../support/sigstore.ts';

export interface Variant {
  readonly layout: 'legacy' | 'bundle';
  readonly signer: 'key' | 'keyless';
}

export interface ReleaseOrder extends Variant {
  readonly components: number;
  /** Before every answer of the registry. */
  readonly delayMs: number;
  /** Components beside those, signed by a key that nobody trusts. Default 0. */
  readonly strangers?: number;
  /** Which all components share. Default 3. */
  readonly taskBundles?: number;
  /** How many requests fail. Default: none. */
  readonly faults?: { readonly oneIn: number; readonly seed: number };
}

export interface Release {
  readonly snapshot: SnapshotSpec;
  readonly publicKeyPem: string;
  readonly subject: string;
  readonly issuer: string;
  readonly trustedRoot: string;
}

/** What this process is asked once the release stands, and what it says then. */
export interface Answers {
  /** Since it was last asked; `failed` of them on purpose. */
  readonly requests: { readonly requests: number; readonly failed: number };
  /** The release, from now on with another image in the place of its first one. */
  readonly change: Release;
}

export type Question = keyof Answers;

const SUBJECT = 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';
/** What a registry does to its clients on a bad day. */
const FAULTS = [
  { kind: 'status', status: 429 },
  { kind: 'status', status: 503 },
  { kind: 'drop' },
  { kind: 'truncate' },
] as const;

class ReleaseService {
  readonly #registry: TestRegistry;
  readonly #sigstore: SigstoreServices;
  readonly #order: ReleaseOrder;
  readonly #key = generateKey();
  #components: readonly SnapshotComponent[] = [];
  #failed = 0;

  constructor(order: ReleaseOrder, registry: TestRegistry, sigstore: SigstoreServices) {
    this.#order = order;
    this.#registry = registry;
    this.#sigstore = sigstore;
  }

  /** Pushes what is ordered; only then the registry becomes slow and bad. */
  async fill(): Promise<Release> {
    const { components, strangers = 0, delayMs, faults } = this.#order;
    const others = { signer: byKey(generateKey()), prefix: 'stranger' };
    this.#components = [...(await this.#push(components)), ...(await this.#push(strangers, others))];
    this.#registry.latencyMs = delayMs;
    if (faults !== undefined) this.#registry.faults.push(this.#atRandom(faults));
    return this.#release();
  }

  readonly answers: { readonly [Asked in Question]: () => Promise<Answers[Asked]> } = {
    requests: async () => {
      const counted = { requests: this.#registry.requests.length, failed: this.#failed };
      this.#registry.clearLog();
      this.#failed = 0;
      return counted;
    },
    change: async () => {
      this.#components = [...(await this.#push(1, { edition: 'changed' })), ...this.#components.slice(1)];
      return this.#release();
    },
  };

  async #push(count: number, more: Partial<ManyImagesOptions> = {}): Promise<readonly SnapshotComponent[]> {
    const { layout, signer, taskBundles = 3 } = this.#order;
    const signed =
      signer === 'key'
        ? ({ layout, signer: byKey(this.#key), log: 'none' } as const)
        : ({ layout, signer: byIdentity(SUBJECT, ISSUER), log: 'v1' } as const);
    // By digest, as in the snapshots that build systems make.
    const options = { ...signed, taskBundles, named: 'digest', ...more } as const;
    if (count === 0) return [];
    return (await pushManyImages(this.#registry, this.#sigstore, count, options)).components;
  }

  #atRandom({ oneIn, seed }: NonNullable<ReleaseOrder['faults']>): FaultRule {
    const dice = new Dice(seed);
    return () => {
      if (dice.roll(oneIn) > 0) return undefined;
      this.#failed += 1;
      return dice.pick(FAULTS);
    };
  }

  #release(): Release {
    return {
      snapshot: { application: 'benchmark', components: this.#components },
      publicKeyPem: this.#key.publicPem,
      subject: SUBJECT,
      issuer: ISSUER,
      trustedRoot: this.#sigstore.trustedRootJson,
    };
  }
}

async function serve(order: ReleaseOrder): Promise<void> {
  const service = new ReleaseService(order, await startRegistry(), await startSigstore());
  process.send?.(await service.fill());
  process.on('message', async (question: Question) => process.send?.(await service.answers[question]()));
}

// The first message is the order.
process.once('message', (order) => serve(order as ReleaseOrder));
process.once('disconnect', () => process.exit());
