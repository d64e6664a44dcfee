// The parameters of the Tekton task: Conforma's, by its names and with its precedence, and ours beside them. They come
// as variables of the environment, so that no text of theirs is ever part of a command or a script.
import { ProofgateError } from '../base/errors.ts';
import { labelOf, type OptionName } from '../options/option-list.ts';
import type { RawOptions } from '../options/option-reader.ts';
import { quote } from '../options/values.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variable of the parameter `NAME` is `PARAM_NAME`. */
const VARIABLE = 'PARAM_';

/** Options that the task offers under one name or another; what they say is read as everywhere. */
export const TASK_OPTIONS = [
  'snapshot',
  'policy',
  'public-key',
  'rekor-url',
  'certificate-identity',
  'certificate-oidc-issuer',
  'certificate-identity-regexp',
  'certificate-oidc-issuer-regexp',
  'ignore-rekor',
  'tuf-mirror',
  'strict',
  'effective-time',
  'allow-past-effective-time',
  'extra-rule-data',
  'policy-bundle-digest',
  'workers',
  'task-bundle-public-key',
  'task-bundle-certificate-identity',
  'task-bundle-certificate-identity-regexp',
  'task-bundle-certificate-oidc-issuer',
  'task-bundle-certificate-oidc-issuer-regexp',
  'shard',
  'require',
  'tuf-root',
  'trusted-root',
  'insecure-registries',
  'policy-workers',
  'cache-max-age',
  'cache-max-size',
  'timeout',
] as const satisfies readonly OptionName[];

interface Unsupported {
  /** Values that mean what happens anyway. */
  readonly allowed: readonly string[];
  readonly why: string;
}

const OWN_RETRIES =
  'requests are repeated with waiting times of their own, and as long as a registry asks to wait';

/** Parameters of Conforma's task that choose what there is no choice about here: they are refused, never passed over. */
export const UNSUPPORTED: Readonly<Record<string, Unsupported>> = {
  SINGLE_COMPONENT: {
    allowed: ['false'],
    why: 'all components of a snapshot are verified, and those that did not change cost no request',
  },
  EC_USE_OPA: { allowed: ['1'], why: 'policies are always evaluated by OPA' },
  RETRY_DURATION: { allowed: ['1s'], why: OWN_RETRIES },
  RETRY_FACTOR: { allowed: ['2.0'], why: OWN_RETRIES },
  RETRY_JITTER: { allowed: ['0.1'], why: OWN_RETRIES },
  RETRY_MAX_RETRY: { allowed: ['3'], why: OWN_RETRIES },
  RETRY_MAX_WAIT: { allowed: ['3s'], why: OWN_RETRIES },
};

const KEYLESS = [
  'CERTIFICATE_IDENTITY',
  'CERTIFICATE_OIDC_ISSUER',
  'CERTIFICATE_IDENTITY_REGEXP',
  'CERTIFICATE_OIDC_ISSUER_REGEXP',
] as const;

/** The parameters as the task's environment holds them; '' where one is not given. */
export class TaskParameters {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get(name: string): string {
    return this.#environment[`${VARIABLE}${name}`]?.trim() ?? '';
  }

  toRawOptions(): RawOptions {
    const given = TASK_OPTIONS.map((option) => [option, this.get(labelOf(option, 'task'))] as const);
    return { ...Object.fromEntries(given), ...this.#signers() };
  }

  /** What cannot be done, one problem each. */
  problems(): readonly ProofgateError[] {
    return Object.entries(UNSUPPORTED).flatMap(([name, { allowed, why }]) => {
      const text = this.get(name);
      if (text === '' || allowed.includes(text)) return [];
      return new ProofgateError('BAD_OPTION', `${name}: ${quote(text)} is not supported: ${why}`, {
        hint: `Leave ${name} out.`,
      });
    });
  }

  /** Any of the keyless parameters means keyless: then no key is used, and the log is. A text beats a pattern. */
  #signers(): RawOptions {
    if (KEYLESS.every((name) => this.get(name) === '')) return {};
    const pattern = (name: string) => (this.get(name) === '' ? this.get(`${name}_REGEXP`) : '');
    return {
      'public-key': '',
      'ignore-rekor': 'false',
      'certificate-identity-regexp': pattern('CERTIFICATE_IDENTITY'),
      'certificate-oidc-issuer-regexp': pattern('CERTIFICATE_OIDC_ISSUER'),
    };
  }
}
