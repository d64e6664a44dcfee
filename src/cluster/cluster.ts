// What a run reads from the cluster that its pod is in: public keys in secrets, and policies.
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { ProofgateError } from '../base/errors.ts';
import { parsePublicKeys } from '../verify/keys.ts';
import type { TrustedKey } from '../verify/signers.ts';
import { ClusterClient, type ClusterLimits } from './cluster-client.ts';
import { formatObject, isNamespace, isObjectName, type ObjectReference } from './object-reference.ts';
import { ServiceAccount } from './service-account.ts';

export interface ClusterOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Nothing is asked then. */
  readonly offline: boolean;
  /** In place of where the kubelet mounts the service account. */
  readonly folder?: string | undefined;
  readonly limits?: ClusterLimits;
}

/** Name of cosign's, in a secret that it made. */
const KEY_NAME = 'cosign.pub';
const POLICIES = 'apis/appstudio.redhat.com/v1alpha1';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const secret = z.object({ data: z.record(z.string(), z.unknown()).nullish() });
const named = z.object({ metadata: z.object({ namespace: z.string(), name: z.string() }) });

/** Opened when something is asked: runs that name nothing of a cluster need none. */
export class Cluster {
  readonly #options: ClusterOptions;
  #client: ClusterClient | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** Whether there is a cluster that could be asked. */
  get isHere(): boolean {
    return (this.#options.environment.KUBERNETES_SERVICE_HOST ?? '') !== '';
  }

  /**
   * @throws ProofgateError `BAD_KEY`: no such secret, or it holds no public key; `BAD_OPTION`: not in a cluster; what
   *   `ClusterClient` throws; `OFFLINE`
   */
  async fetchPublicKeys(reference: ObjectReference, signal?: AbortSignal): Promise<TrustedKey[]> {
    const { namespace, name } = reference;
    const what = `the secret ${formatObject(reference)}`;
    const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
    const text = await this.#open(what).read({ path, what }, signal);
    if (text === undefined) throw badKey(what, 'there is none of this name');
    const found = parse(secret.and(named), text, what);
    assertNamed(found, reference, what);
    const data = found.data ?? {};
    const encoded = Object.hasOwn(data, KEY_NAME) ? data[KEY_NAME] : undefined;
    if (encoded === undefined) throw badKey(what, `it has no key ${KEY_NAME}`);
    if (typeof encoded !== 'string' || !BASE64.test(encoded))
      throw badKey(what, `its ${KEY_NAME} is not base64`);
    return parsePublicKeys(
      Buffer.from(encoded, 'base64').toString('utf8'),
      `k8s://${formatObject(reference)}`,
    );
  }

  /**
   * The EnterpriseContractPolicy `[namespace/]name` as JSON text; the namespace is the pod's own when it is not given.
   * @throws ProofgateError `BAD_POLICY`: no such policy, or no such name; otherwise as `fetchPublicKeys`
   */
  async fetchPolicy(given: string, signal?: AbortSignal): Promise<string> {
    const shown = `the policy ${JSON.stringify(given.slice(0, 160))}`;
    const client = this.#open(shown);
    const parts = given.split('/');
    const [name = '', namespace = client.namespace()] = parts.toReversed();
    if (parts.length > 2 || !isNamespace(namespace) || !isObjectName(name))
      throw badPolicy(shown, 'this is no name of an object in a cluster');
    const what = `the policy ${namespace}/${name} of the cluster`;
    const path = `/${POLICIES}/namespaces/${namespace}/enterprisecontractpolicies/${name}`;
    const text = await client.read({ path, what }, signal);
    if (text === undefined) throw badPolicy(what, 'there is no EnterpriseContractPolicy of this name');
    assertNamed(parse(named, text, what), { namespace, name }, what);
    return text;
  }

  #open(what: string): ClusterClient {
    const { environment, clock, offline, folder, limits } = this.#options;
    if (offline) {
      throw new ProofgateError('OFFLINE', `${what} was not asked for: offline`, {
        hint: 'Give it as a file or as text.',
      });
    }
    const account = ServiceAccount.find(environment, folder);
    if (account === undefined) {
      throw new ProofgateError('BAD_OPTION', `${what} is in a cluster, and this is no pod of one`, {
        hint: 'Outside of a cluster, give a file: kubectl get … -o yaml prints what to put into it.',
      });
    }
    this.#client ??= new ClusterClient(account, clock, limits);
    return this.#client;
  }
}

function parse<T>(schema: z.ZodType<T>, text: string, what: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // Neither the text nor what the parser says of it: it may hold a private key.
    throw malformed(what);
  }
}

/** What stands between may answer with something else. */
function assertNamed({ metadata }: z.infer<typeof named>, wanted: ObjectReference, what: string): void {
  if (metadata.namespace !== wanted.namespace || metadata.name !== wanted.name) throw malformed(what);
}

function malformed(what: string): ProofgateError {
  return new ProofgateError('CLUSTER_UNAVAILABLE', `${what}: the API's answer is not that object`, {
    hint: 'Look at what KUBERNETES_SERVICE_HOST names: it must be the API server.',
  });
}

function badKey(what: string, why: string): ProofgateError {
  return new ProofgateError('BAD_KEY', `${what}: ${why}`, {
    hint: 'Make one with: kubectl create secret generic NAME --from-file=cosign.pub',
  });
}

function badPolicy(what: string, why: string): ProofgateError {
  return new ProofgateError('BAD_POLICY', `${what}: ${why}`, {
    hint: 'Look with: kubectl get enterprisecontractpolicies --all-namespaces',
  });
}
