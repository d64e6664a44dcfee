// Public keys that are named in a cluster: read once, before anything is looked at.
import type { Cluster } from './cluster/cluster.ts';
import { isSecretReference, parseSecretReference } from './cluster/object-reference.ts';
import type { GivenSigners } from './options/signer-options.ts';
import type { Options } from './options.ts';
import type { PolicyConfig } from './policy/config.ts';

type Named = Pick<Options, 'signers' | 'taskBundleSigners'>;

/** @throws ProofgateError as `Cluster.fetchPublicKeys` */
export async function readNamedKeys<T extends Named>(
  options: T,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<T> {
  const { signers, taskBundleSigners } = options;
  const read = (given: GivenSigners) => readKeys(given, cluster, signal);
  const [own, ofBundles] = await Promise.all([
    read(signers),
    taskBundleSigners === undefined ? undefined : read(taskBundleSigners),
  ]);
  return { ...options, signers: own, taskBundleSigners: ofBundles };
}

/**
 * The configuration with the PEM text of the key that it names.
 * @throws ProofgateError as `Cluster.fetchPublicKeys`, and `BAD_KEY`
 */
export async function readPolicyKey(
  config: PolicyConfig,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<PolicyConfig> {
  const { publicKey = '' } = config;
  const name = publicKey.trim();
  if (!isSecretReference(name)) return config;
  const keys = await cluster.fetchPublicKeys(parseSecretReference(name), signal);
  return { ...config, publicKey: keys.map(({ pem }) => pem).join('') };
}

async function readKeys(given: GivenSigners, cluster: Cluster, signal: AbortSignal): Promise<GivenSigners> {
  const read = await Promise.all(given.secrets.map((secret) => cluster.fetchPublicKeys(secret, signal)));
  return { ...given, keys: [...given.keys, ...read.flat()], secrets: [] };
}
