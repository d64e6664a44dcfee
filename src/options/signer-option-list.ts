// The part of the list of options that says who is trusted.
import type { OptionDefinition } from './option-list.ts';

const trustedSigner = (whose: string) => ({
  key: `Public keys that may sign ${whose}: files, PEM text, or \`k8s://NAMESPACE/SECRET\` in a pod, one after the other. Any one of them may match.`,
  identity: `Keyless subjects (URI or email of the certificate) that may sign ${whose}, one a line, compared exactly. With several issuers they are paired in order.`,
  identityRegexp: `Keyless subjects that may sign ${whose}, as RE2 patterns that must match the whole subject, one a line. They are paired after the exact ones.`,
  issuer: `OIDC issuers of the subjects that may sign ${whose}, one a line, compared exactly: one for all subjects, or one for each.`,
  issuerRegexp: `OIDC issuers of the subjects that may sign ${whose}, as RE2 patterns that must match the whole issuer, one a line.`,
});

const image = trustedSigner('images and attestations');
const task = trustedSigner('task bundles');

export const SIGNER_OPTIONS = [
  { name: 'public-key', kind: 'list', default: '', placeholder: 'FILE|PEM', description: image.key },
  {
    name: 'certificate-identity',
    kind: 'list',
    default: '',
    placeholder: 'TEXT',
    description: image.identity,
  },
  {
    name: 'certificate-identity-regexp',
    kind: 'list',
    default: '',
    placeholder: 'PATTERN',
    description: image.identityRegexp,
  },
  {
    name: 'certificate-oidc-issuer',
    kind: 'list',
    default: '',
    placeholder: 'URL',
    description: image.issuer,
  },
  {
    name: 'certificate-oidc-issuer-regexp',
    kind: 'list',
    default: '',
    placeholder: 'PATTERN',
    description: image.issuerRegexp,
  },
  {
    name: 'task-bundle-public-key',
    kind: 'list',
    default: '',
    placeholder: 'FILE|PEM',
    description: task.key,
  },
  {
    name: 'task-bundle-certificate-identity',
    kind: 'list',
    default: '',
    placeholder: 'TEXT',
    description: task.identity,
  },
  {
    name: 'task-bundle-certificate-identity-regexp',
    kind: 'list',
    default: '',
    placeholder: 'PATTERN',
    description: task.identityRegexp,
  },
  {
    name: 'task-bundle-certificate-oidc-issuer',
    kind: 'list',
    default: '',
    placeholder: 'URL',
    description: task.issuer,
  },
  {
    name: 'task-bundle-certificate-oidc-issuer-regexp',
    kind: 'list',
    default: '',
    placeholder: 'PATTERN',
    description: task.issuerRegexp,
  },
] as const satisfies readonly OptionDefinition[];
