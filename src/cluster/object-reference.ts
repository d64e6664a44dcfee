// Names of objects in a cluster, as users write them. Only checked names become part of a URL.
import { ProofgateError } from '../base/errors.ts';

export interface ObjectReference {
  readonly namespace: string;
  readonly name: string;
}

/** DNS labels and subdomains (RFC 1123), as Kubernetes checks names of namespaces and of objects. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const SCHEME = /^k8s:\/\//i;

/** True for `k8s://…`, also for a wrong one. */
export function isSecretReference(text: string): boolean {
  return SCHEME.test(text);
}

/**
 * `k8s://namespace/secret`, as cosign writes it.
 * @throws ProofgateError `BAD_KEY`
 */
export function parseSecretReference(text: string): ObjectReference {
  const parts = text.replace(SCHEME, '').split('/');
  const [namespace = '', name = ''] = parts;
  if (parts.length === 2 && isNamespace(namespace) && isObjectName(name)) return { namespace, name };
  throw new ProofgateError('BAD_KEY', `${JSON.stringify(text.slice(0, 160))} names no secret of a cluster`, {
    hint: 'Write k8s://NAMESPACE/SECRET; the public key is what it holds as cosign.pub.',
  });
}

export function isNamespace(text: string): boolean {
  return NAMESPACE.test(text);
}

/** Without two dots in a row: they would be a way out of a URL's folder. */
export function isObjectName(text: string): boolean {
  return NAME.test(text) && !text.includes('..');
}

/** Such as `namespace/name`. */
export function formatObject({ namespace, name }: ObjectReference): string {
  return `${namespace}/${name}`;
}
