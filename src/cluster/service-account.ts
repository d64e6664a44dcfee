// Who a pod is to the Kubernetes API: where the kubelet puts that down. Nothing of it is kept but the names of the files.
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { ProofgateError } from '../base/errors.ts';

/** Where the kubelet mounts it; the same in every pod. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

const MAX_FILE_BYTES = 1024 * 1024;
const HINT =
  'Run in a pod whose service account token is mounted (automountServiceAccountToken), and let its user read the files.';

/** Where the API is, and the service account that the pod has there. */
export class ServiceAccount {
  readonly host: string;
  readonly port: number;
  readonly #folder: string;

  private constructor(host: string, port: number, folder: string) {
    this.host = host;
    this.port = port;
    this.#folder = folder;
  }

  /**
   * Undefined outside of a cluster.
   * @throws ProofgateError `BAD_OPTION`: the environment names no host and port
   */
  static find(
    environment: Readonly<Record<string, string | undefined>>,
    folder: string = SERVICE_ACCOUNT_FOLDER,
  ): ServiceAccount | undefined {
    const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = environment;
    if (host === '') return undefined;
    const isHost = isIP(host) !== 0 || /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/i.test(host);
    if (isHost && /^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536)
      return new ServiceAccount(host, Number(port), folder);
    throw new ProofgateError(
      'BAD_OPTION',
      'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are no host and port',
      { hint: 'The kubelet sets them: leave them alone, or unset them outside of a cluster.' },
    );
  }

  /**
   * Read anew each time: the kubelet replaces it long before it expires. It is for this host alone.
   * @throws ProofgateError `UNREADABLE_FILE`; without a piece of it
   */
  token(): string {
    const token = this.#read('token');
    // What would break out of its header.
    if (/^[\x21-\x7e]+$/.test(token)) return token;
    throw unreadable(join(this.#folder, 'token'), 'it holds no token');
  }

  /** PEM. The only authority that the API's certificate may come from. @throws ProofgateError `UNREADABLE_FILE` */
  authority(): string {
    const pem = this.#read('ca.crt');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
    throw unreadable(join(this.#folder, 'ca.crt'), 'it holds no PEM certificate');
  }

  /** The pod's own. @throws ProofgateError `UNREADABLE_FILE` */
  namespace(): string {
    return this.#read('namespace');
  }

  #read(name: string): string {
    const path = join(this.#folder, name);
    try {
      if (statSync(path).size > MAX_FILE_BYTES) throw new Error(`it is longer than ${MAX_FILE_BYTES} bytes`);
      return readFileSync(path, 'utf8').trim();
    } catch (cause) {
      throw unreadable(path, cause instanceof Error ? cause.message : String(cause), cause);
    }
  }
}

function unreadable(path: string, why: string, cause?: unknown): ProofgateError {
  return new ProofgateError('UNREADABLE_FILE', `the pod's service account, ${path}: ${why}`, {
    cause,
    hint: HINT,
  });
}
