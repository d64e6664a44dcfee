import { describe, expect, it } from 'vitest';
import { localFiles } from '../../src/options/input-files.ts';
import { type Options, parseOptions } from '../../src/options.ts';
import { TaskParameters, UNSUPPORTED } from '../../src/task/task-parameters.ts';
import { generateKey } from '../support/keys.ts';

const KEY = generateKey().publicPem;
const IMAGES = '{"components": [{"name": "a", "containerImage": "quay.io/acme/a:1"}]}';
const ISSUER = 'https://issuer.test';

const parametersOf = (given: Readonly<Record<string, string>>) =>
  new TaskParameters(
    Object.fromEntries(Object.entries(given).map(([name, value]) => [`PARAM_${name}`, value])),
  );
const parse = (given: Readonly<Record<string, string>>) =>
  parseOptions(parametersOf({ IMAGES, ...given }).toRawOptions(), localFiles, 'task');

function optionsOf(given: Readonly<Record<string, string>>): Options {
  const parsed = parse(given);
  if (parsed.ok) return parsed.options;
  throw new AggregateError(parsed.problems, parsed.problems.map(({ message }) => message).join('; '));
}

function messagesOf(given: Readonly<Record<string, string>>): readonly string[] {
  const parsed = parse(given);
  return parsed.ok ? [] : parsed.problems.map(({ message, hint }) => `${message}. ${hint}`);
}

describe('signers', () => {
  const identities = { CERTIFICATE_IDENTITY: 'me@acme.test', CERTIFICATE_OIDC_ISSUER: ISSUER };

  it('is the key when nothing keyless is given', () => {
    const { signers, ignoreRekor } = optionsOf({ PUBLIC_KEY: KEY, IGNORE_REKOR: 'true' });
    expect({ keys: signers.keys.length, identities: signers.identities.length, ignoreRekor }).toEqual({
      keys: 1,
      identities: 0,
      ignoreRekor: true,
    });
  });

  it.each([
    'CERTIFICATE_IDENTITY',
    'CERTIFICATE_OIDC_ISSUER',
    'CERTIFICATE_IDENTITY_REGEXP',
    'CERTIFICATE_OIDC_ISSUER_REGEXP',
  ])('is never the key when %s is given, even alone, which is an error then', (name) => {
    expect(messagesOf({ PUBLIC_KEY: KEY, [name]: 'x.*y' })).toEqual([
      expect.stringContaining('CERTIFICATE_'),
    ]);
  });

  it('is never the key beside patterns', () => {
    const { signers } = optionsOf({
      PUBLIC_KEY: KEY,
      CERTIFICATE_IDENTITY_REGEXP: '.*@acme\\.test',
      CERTIFICATE_OIDC_ISSUER_REGEXP: 'https://issuer\\..*',
    });
    expect({ keys: signers.keys.length, identities: signers.identities.length }).toEqual({
      keys: 0,
      identities: 1,
    });
  });

  it('requires the log for identities whatever IGNORE_REKOR says', () => {
    const { signers, ignoreRekor } = optionsOf({ ...identities, PUBLIC_KEY: KEY, IGNORE_REKOR: 'true' });
    expect(signers.keys).toEqual([]);
    expect(signers.identities).toHaveLength(1);
    expect(ignoreRekor).toBe(false);
  });

  it('takes the text and not the pattern when both are given', () => {
    const { signers } = optionsOf({
      ...identities,
      CERTIFICATE_IDENTITY_REGEXP: '.*@mallory\\.test',
      CERTIFICATE_OIDC_ISSUER_REGEXP: 'https://mallory\\..*',
    });
    const [identity] = signers.identities;
    expect(signers.identities).toHaveLength(1);
    expect(identity?.subject.matches('me@acme.test')).toBe(true);
    expect(identity?.subject.matches('you@mallory.test')).toBe(false);
    expect(identity?.issuer.matches('https://mallory.test')).toBe(false);
  });

  it('of task bundles stand beside those of images', () => {
    const { signers, taskBundleSigners } = optionsOf({ ...identities, TASK_BUNDLE_PUBLIC_KEY: KEY });
    expect(signers.keys).toEqual([]);
    expect(taskBundleSigners?.keys).toHaveLength(1);
  });
});

describe('values', () => {
  it('that are empty mean the default', () => {
    const empty = { STRICT: '', WORKERS: '', TIMEOUT: '', REQUIRE: ' ', CACHE_MAX_AGE: '' };
    expect(optionsOf({ PUBLIC_KEY: KEY, ...empty })).toEqual(optionsOf({ PUBLIC_KEY: KEY }));
  });

  it('reach the options that they are', () => {
    const given = {
      POLICY_CONFIGURATION: 'team/policy',
      EXTRA_RULE_DATA: 'a=1,b=2',
      EFFECTIVE_TIME: 'attestation',
      POLICY_BUNDLE_DIGEST: 'sha256:1',
      REKOR_HOST: 'https://rekor.test',
      WORKERS: '7',
      STRICT: 'false',
      TIMEOUT: '0',
    };
    expect(optionsOf({ PUBLIC_KEY: KEY, ...given })).toMatchObject({
      policy: 'team/policy',
      extraRuleData: ['a=1', 'b=2'],
      effectiveTime: 'attestation',
      policyBundleDigest: 'sha256:1',
      rekorUrl: 'https://rekor.test/',
      workers: 7,
      strict: false,
      timeoutMs: 0,
    });
  });

  it.each([
    [{ IMAGES: '' }, 'Give IMAGES.'],
    [{ PUBLIC_KEY: '' }, 'Give PUBLIC_KEY, or CERTIFICATE_IDENTITY with CERTIFICATE_OIDC_ISSUER.'],
    [{ REKOR_HOST: 'rekor.test' }, 'REKOR_HOST'],
    [{ WORKERS: 'many' }, 'WORKERS'],
    [{ TUF_MIRROR: 'https://tuf.test' }, 'TUF_MIRROR is given without TUF_ROOT'],
    [{ EXTRA_RULE_DATA: 'a=1' }, 'EXTRA_RULE_DATA is given without POLICY_CONFIGURATION'],
  ])('are named as the task names them: %o', (given, text) => {
    expect(messagesOf({ PUBLIC_KEY: KEY, ...given }).join('\n')).toContain(text);
  });
});

describe('what is not supported', () => {
  it('is said for each parameter, and never passed over', () => {
    const given = Object.fromEntries(Object.keys(UNSUPPORTED).map((name) => [name, 'something']));
    const messages = parametersOf(given).problems();
    expect(messages.map(({ code }) => code)).toEqual(Object.keys(UNSUPPORTED).map(() => 'BAD_OPTION'));
    for (const name of Object.keys(UNSUPPORTED)) {
      expect(
        messages.some(({ message }) => message.startsWith(`${name}: "something" is not supported`)),
      ).toBe(true);
    }
  });

  it('is nothing when the parameters say what happens anyway', () => {
    const given = { SINGLE_COMPONENT: 'false', EC_USE_OPA: '1', RETRY_FACTOR: '2.0', RETRY_MAX_WAIT: '3s' };
    expect(parametersOf(given).problems()).toEqual([]);
    expect(parametersOf({ EC_USE_OPA: '' }).problems()).toEqual([]);
  });
});
