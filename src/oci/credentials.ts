// Whose name to use towards a registry: docker's and podman's configuration, in a fixed order.
import { join } from 'node:path';
import { fingerprint } from '../base/fingerprint.ts';
import { Memo } from '../base/single-flight.ts';
import { type Credential, type CredentialFile, readCredentialFile } from './credential-file.ts';
import { fetchFromHelper } from './credential-helper.ts';
import type { RegistryLimits } from './limits.ts';
import { DOCKER_HUB, formatRepository, type Repository } from './reference.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Account {
  readonly credential: Credential;
  /** Where it was found, for messages: a file's path or a helper's name. */
  readonly source: string;
}

/** Under this name docker and its helpers keep the account of Docker Hub. */
const DOCKER_HUB_SERVER = 'https://index.docker.io/v1/';

/**
 * Files are read once, when the run starts; helpers are asked once per helper and registry, when needed.
 *
 * The first file that knows the repository decides. In a file the longest key wins (`quay.io/org` before
 * `quay.io`); a helper of its own (`credHelpers`) beats an entry, and an entry is used before the helper for all
 * (`credsStore`) only when that helper has nothing.
 */
export class Credentials {
  readonly #environment: Environment;
  readonly #limits: RegistryLimits;
  readonly #files: readonly CredentialFile[];
  readonly #helped = new Memo<Credential | undefined>();

  /** @throws ProofgateError `BAD_CREDENTIALS_FILE` */
  constructor(environment: Environment, limits: RegistryLimits) {
    this.#environment = environment;
    this.#limits = limits;
    this.#files = credentialPaths(environment)
      .map((path) => readCredentialFile(path, limits.credentialFileBytes))
      .filter((file) => file !== undefined);
  }

  /**
   * Undefined: ask as anonymous.
   * @throws ProofgateError `CREDENTIAL_HELPER_FAILED`, or the reason of `signal`
   */
  async find(repository: Repository, signal?: AbortSignal): Promise<Account | undefined> {
    for (const file of this.#files) {
      const account = await this.#findIn(file, repository, signal);
      if (account !== undefined) return account;
    }
    return undefined;
  }

  async #findIn(
    file: CredentialFile,
    repository: Repository,
    signal?: AbortSignal,
  ): Promise<Account | undefined> {
    const keys = keysOf(repository);
    const helper = firstOf(file.helpers, keys) ?? file.defaultHelper;
    // '' switches the helper for all off, for this registry.
    if (helper !== undefined && helper !== '') {
      const credential = await this.#askHelper(helper, repository.registry, signal);
      if (credential !== undefined) return { credential, source: `docker-credential-${helper}` };
    }
    const credential = firstOf(file.credentials, keys);
    return credential === undefined ? undefined : { credential, source: file.path };
  }

  #askHelper(name: string, registry: string, signal?: AbortSignal): Promise<Credential | undefined> {
    const server = registry === DOCKER_HUB ? DOCKER_HUB_SERVER : registry;
    const ask = () => fetchFromHelper(name, server, this.#environment, this.#limits);
    return this.#helped.get(fingerprint([name, server]), ask, signal);
  }
}

/** What was named explicitly comes before what lies at the usual places. */
function credentialPaths(environment: Environment): string[] {
  const home = environment.HOME || environment.USERPROFILE;
  const under = (directory: string | undefined, ...rest: string[]) =>
    directory ? [join(directory, ...rest)] : [];
  const dockerConfig = environment.DOCKER_CONFIG;
  const configHome = environment.XDG_CONFIG_HOME || (home && join(home, '.config'));
  return [
    ...under(dockerConfig, 'config.json'),
    ...under(environment.REGISTRY_AUTH_FILE),
    ...(dockerConfig ? [] : under(home, '.docker', 'config.json')),
    ...under(environment.XDG_RUNTIME_DIR, 'containers', 'auth.json'),
    ...under(configHome, 'containers', 'auth.json'),
  ];
}

/** `host/a/b`, `host/a`, `host`. */
function keysOf(repository: Repository): string[] {
  const parts = formatRepository(repository).split('/');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

function firstOf<T>(map: ReadonlyMap<string, T>, keys: readonly string[]): T | undefined {
  const key = keys.find((candidate) => map.has(candidate));
  return key === undefined ? undefined : map.get(key);
}
