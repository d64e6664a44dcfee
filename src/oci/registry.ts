// Reading from registries: the public face of this folder. Every byte that it hands out has been held against its
// digest; work that several callers want at once is done once.
import type { Clock } from '../base/clock.ts';
import { type Digest, digestOf, isDigest } from '../base/digest.ts';
import { fingerprint } from '../base/fingerprint.ts';
import type { RegistryUsage } from '../report/report.ts';
import { Authorizer } from './auth.ts';
import { Blobs } from './blobs.ts';
import type { Credential } from './credential-file.ts';
import { Credentials } from './credentials.ts';
import { Endpoints } from './endpoint.ts';
import type { ImageSource } from './image-source.ts';
import { Ledger } from './ledger.ts';
import { DEFAULT_LIMITS, type RegistryLimits } from './limits.ts';
import { type Descriptor, type Manifest, parseManifest } from './manifest.ts';
import { MANIFEST_ACCEPT } from './media-types.ts';
import { RecentManifests } from './recent-manifests.ts';
import { formatReference, formatRepository, pinned, type Reference, type Repository } from './reference.ts';
import { Referrers } from './referrers.ts';
import { RepositoryClient } from './repository-client.ts';
import { SharedLookups } from './shared-lookups.ts';
import { imageNotFound } from './status-error.ts';
import { Transport } from './transport.ts';

export interface RegistryOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `host[:port]`, lower case. */
  readonly insecureRegistries: ReadonlySet<string>;
  readonly clock: Clock;
  readonly limits?: Partial<RegistryLimits>;
  /** Every request fails with `OFFLINE`, and no socket is opened. */
  readonly offline?: boolean;
  /** From 0 to 1; jitter of back-offs. */
  readonly random?: () => number;
}

/**
 * Read-only client of all registries of one run.
 *
 * All methods throw ProofgateError: `UNAUTHORIZED`, `THROTTLED`, `REGISTRY_UNAVAILABLE`, `REGISTRY_PROTOCOL`, `NETWORK`,
 * `TIMEOUT`, `CANCELLED`, `CONTENT_*`, `REDIRECT_REFUSED`, `CREDENTIAL_HELPER_FAILED`. A `signal` lets one caller leave;
 * shared work ends when all who wanted it have left.
 */
export class Registry implements ImageSource {
  /** For services that are no registries, see `createHttpClient`. */
  readonly transport: Transport;
  readonly #ledger = new Ledger();
  readonly #credentials: Credentials;
  readonly #client: RepositoryClient;
  readonly #referrers: Referrers;
  readonly #recent: RecentManifests;
  readonly #blobs: Blobs;
  readonly #manifestLookups = new SharedLookups<Manifest | undefined>(this.#ledger);
  readonly #referrersLookups = new SharedLookups<readonly Descriptor[]>(this.#ledger);

  /**
   * Reads the environment's files, and opens no connection.
   * @throws ProofgateError `BAD_CREDENTIALS_FILE`, `UNREADABLE_FILE` (certificates), `BAD_OPTION` (proxies)
   */
  constructor(options: RegistryOptions) {
    const { environment, insecureRegistries, clock, offline = false, random = Math.random } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#credentials = new Credentials(environment, limits);
    this.transport = new Transport({
      environment,
      insecureRegistries,
      clock,
      limits,
      random,
      ledger: this.#ledger,
      offline,
    });
    const authorizer = new Authorizer(this.transport, this.#credentials, clock);
    this.#client = new RepositoryClient(this.transport, authorizer, new Endpoints(this.transport));
    this.#blobs = new Blobs({ client: this.#client, limits, clock, random }, this.#ledger);
    this.#referrers = new Referrers(this.#client, this.#findByTag.bind(this), limits);
    this.#recent = new RecentManifests(limits.keptManifestBytes);
  }

  /**
   * The manifest behind a reference: by digest when it has one, else by tag. One request.
   * @throws ProofgateError `IMAGE_NOT_FOUND`
   */
  async resolve(reference: Reference, signal?: AbortSignal): Promise<Manifest> {
    const { repository, digest, tag = 'latest' } = reference;
    if (digest !== undefined) return await this.manifest(repository, digest, signal);
    const manifest = await this.findManifestByTag(repository, tag, signal);
    if (manifest === undefined) throw imageNotFound(formatReference(reference));
    return manifest;
  }

  /**
   * Kept for the run, within a bound; failures are not.
   * @throws ProofgateError `IMAGE_NOT_FOUND`
   */
  async manifest(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<Manifest> {
    const key = toKey(repository, digest);
    const kept = this.#recent.get(key);
    if (kept !== undefined) {
      this.#ledger.countShared();
      return kept;
    }
    const fetch = (shared: AbortSignal) => this.#fetchManifest(repository, digest, digest, shared);
    const manifest = await this.#manifestLookups.run(key, fetch, signal);
    if (manifest === undefined) throw imageNotFound(pinned(repository, digest));
    return manifest;
  }

  /**
   * Asks with one HEAD whether a tag or digest is there for us; undefined when the registry says that it is not.
   * The digest is what the registry claims, and absent when it claims none: only content proves it.
   */
  async head(
    repository: Repository,
    version: string,
    signal?: AbortSignal,
  ): Promise<{ readonly claimed: Digest | undefined } | undefined> {
    const what = `${formatRepository(repository)} ${version}`;
    const rule = { maxBytes: 0 };
    const path = `manifests/${version}`;
    const question = { repository, path, accept: MANIFEST_ACCEPT, method: 'HEAD', rule, what } as const;
    const answer = await this.#client.find(question, signal);
    if (answer === undefined) return undefined;
    const [claimed = ''] = answer.header('docker-content-digest');
    return { claimed: isDigest(claimed) ? claimed : undefined };
  }

  /**
   * On whose behalf a repository is read: a fingerprint of the registry and the account, which tells no secret.
   * @throws ProofgateError `CREDENTIAL_HELPER_FAILED`
   */
  async scope(repository: Repository, signal?: AbortSignal): Promise<string> {
    const account = await this.#credentials.find(repository, signal);
    return fingerprint([repository.registry, account === undefined ? null : accountName(account.credential)]);
  }

  /** Undefined only when the registry itself says that there is no such tag. */
  async findManifestByTag(
    repository: Repository,
    tag: string,
    signal?: AbortSignal,
  ): Promise<Manifest | undefined> {
    const find = (shared: AbortSignal) => this.#findByTag(repository, tag, shared);
    return await this.#manifestLookups.run(toKey(repository, tag), find, signal);
  }

  /** Descriptors of everything that names `digest` as its subject. What they say of its type is not reliable. */
  async referrers(
    repository: Repository,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<readonly Descriptor[]> {
    const list = (shared: AbortSignal) => this.#referrers.list(repository, digest, shared);
    return await this.#referrersLookups.run(toKey(repository, digest), list, signal);
  }

  blob(
    repository: Repository,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    return this.#blobs.blob(repository, descriptor, maxBytes, signal);
  }

  findBlob(
    repository: Repository,
    digest: Digest,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer | undefined> {
    return this.#blobs.find(repository, digest, maxBytes, signal);
  }

  stream(
    repository: Repository,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    maxBytes: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#blobs.stream(repository, descriptor, maxBytes, signal);
  }

  /** What the run has cost so far. */
  usage(): { registries: RegistryUsage[]; sharedLookups: number } {
    return this.#ledger.usage();
  }

  /** Cuts every connection; nothing may be asked afterwards. */
  async close(): Promise<void> {
    await this.transport.close();
  }

  #findByTag(repository: Repository, tag: string, signal?: AbortSignal): Promise<Manifest | undefined> {
    return this.#fetchManifest(repository, tag, undefined, signal);
  }

  async #fetchManifest(
    repository: Repository,
    version: string,
    digest: Digest | undefined,
    signal?: AbortSignal,
  ): Promise<Manifest | undefined> {
    const what =
      digest === undefined ? `${formatRepository(repository)}:${version}` : pinned(repository, digest);
    const maxBytes = this.transport.limits.manifestBytes;
    const rule = digest === undefined ? { maxBytes } : { maxBytes, digest };
    const question = { repository, path: `manifests/${version}`, accept: MANIFEST_ACCEPT, rule, what };
    const answer = await this.#client.find(question, signal);
    if (answer === undefined) return undefined;
    // From the body: the header that names a digest is only ever a reason for doubt (body.ts).
    const actual = digest ?? digestOf(answer.body);
    const manifest = parseManifest(answer.body, actual, answer.header('content-type')[0]);
    this.#recent.add(toKey(repository, actual), manifest);
    return manifest;
  }
}

function toKey(repository: Repository, version: string): string {
  return fingerprint([repository.registry, repository.name, version]);
}

// Tokens have no name: their own fingerprint, so long that nobody finds them by it, stands for one.
function accountName(credential: Credential): readonly [string, string] {
  const { type } = credential;
  return [type, type === 'basic' ? credential.username : fingerprint(['account', credential.token])];
}
