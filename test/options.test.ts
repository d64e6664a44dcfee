import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localFiles } from '../src/options/input-files.ts';
import type { RawOptions } from '../src/options/option-reader.ts';
import type { Options } from '../src/options.ts';
import { parseOptions } from '../src/options.ts';

const IMAGE = 'quay.io/org/app:1';
const ISSUER = 'https://token.actions.githubusercontent.com';

const pem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

let folder: string;
let keyFile: string;
const KEY = pem();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'options-'));
  keyFile = file('cosign.pub', KEY);
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** What is enough to run, with `raw` on top. */
function complete(raw: RawOptions = {}): RawOptions {
  return { images: IMAGE, 'public-key': KEY, ...raw };
}

function accepted(raw: RawOptions, surface: 'action' | 'command' = 'command'): Options {
  const parsed = parseOptions(raw, localFiles, surface);
  if (!parsed.ok) throw new Error(parsed.problems.map((problem) => problem.message).join('\n'));
  return parsed.options;
}

function problems(raw: RawOptions, surface: 'action' | 'command' = 'command'): string[] {
  const parsed = parseOptions(raw, localFiles, surface);
  if (parsed.ok) throw new Error('no problem was found');
  expect(parsed.problems.map((problem) => problem.kind)).toEqual(parsed.problems.map(() => 'usage'));
  return parsed.problems.map((problem) => `${problem.code} ${problem.message}`);
}

describe('parseOptions', () => {
  it('fills in the defaults of the list, also for empty inputs', () => {
    for (const raw of [
      complete(),
      complete({ timeout: '', workers: ' ', strict: '', require: '', report: '' }),
    ]) {
      const options = accepted(raw);
      expect(options).toMatchObject({
        ignoreRekor: false,
        rekorUrl: undefined,
        taskBundleSigners: undefined,
        trust: { type: 'public-good' },
        workers: 40,
        timeoutMs: 300_000,
        strict: true,
        report: undefined,
        install: false,
      });
      expect([...options.require]).toEqual(['signature', 'attestation']);
    }
  });

  it('is frozen: nobody can change what was decided', () => {
    expect(() => Object.assign(accepted(complete()), { strict: false })).toThrow(TypeError);
  });

  it('names every problem in one go', () => {
    const found = problems({
      images: `${IMAGE}\n\nQuay.io/BAD ref\nquay.io/org/app@sha256:12`,
      snapshot: '{"components": [{"containerImage": 7}]}',
      'public-key': ['k8s://ns', join(folder, 'missing.pub')],
      'certificate-identity-regexp': '.*',
      require: 'signature,virtue',
      'ignore-rekor': 'yes',
      'rekor-url': 'http://rekor.example',
      'trusted-root': join(folder, 'missing.json'),
      'tuf-mirror': 'ftp://mirror.example',
      workers: '0',
      timeout: '5 minutes',
      'insecure-registries': 'http://registry.example',
    });
    for (const part of [
      '--images, line 3',
      '--images, line 4',
      'components[0].containerImage',
      'k8s://',
      'missing.pub',
      '--certificate-identity-regexp',
      'without --certificate-oidc-issuer',
      '"virtue"',
      '--ignore-rekor: "yes"',
      '--rekor-url',
      'missing.json',
      '--trusted-root and --tuf-mirror are both given',
      '--tuf-mirror is given without --tuf-root',
      '--tuf-mirror: ',
      '--workers',
      '--timeout',
      '--insecure-registries',
    ]) {
      expect(found.filter((problem) => problem.includes(part)).length, part).toBeGreaterThan(0);
    }
  });

  it('speaks of inputs in the action and of flags in the command', () => {
    expect(problems({}, 'action').join()).not.toContain('--');
    expect(problems({}, 'command').join()).toContain('there is nothing to verify');
  });

  it('refuses to run for nobody: neither key nor identity', () => {
    expect(problems({ images: IMAGE })).toEqual(['BAD_IDENTITY nobody is trusted']);
  });

  it('refuses an option that is given twice rather than choosing one', () => {
    expect(problems(complete({ timeout: ['1m', '2m'] }))).toEqual(['BAD_OPTION --timeout is given 2 times']);
  });
});

describe('images and snapshot', () => {
  it('takes images one a line, comma separated and repeated, each once', () => {
    const raw = complete({ images: ['quay.io/a, quay.io/b\n\n  quay.io/c\r\n', 'quay.io/a'] });
    expect(accepted(raw).snapshot.components.map((component) => component.containerImage)).toEqual([
      'quay.io/a',
      'quay.io/b',
      'quay.io/c',
    ]);
  });

  it('merges a snapshot, as a file or inline, with images', () => {
    const text = JSON.stringify({ components: [{ name: 'front', containerImage: IMAGE }] });
    for (const snapshot of [
      text,
      file('snapshot.json', text),
      `components:\n- {name: front, containerImage: "${IMAGE}"}`,
    ]) {
      const { components } = accepted(complete({ snapshot, images: `${IMAGE}\nquay.io/other` })).snapshot;
      expect(components.map((component) => component.name)).toEqual(['front', 'other']);
    }
  });

  it('takes a snapshot in the place of a list of images, as Conforma does', () => {
    const text = JSON.stringify({ components: [{ name: 'cart', containerImage: IMAGE }] });
    for (const snapshot of [text, file('images.json', text)]) {
      const { components } = accepted(
        complete({ images: [snapshot, 'quay.io/other,quay.io/third'] }),
      ).snapshot;
      expect(components.map(({ containerImage }) => containerImage)).toEqual([
        IMAGE,
        'quay.io/other',
        'quay.io/third',
      ]);
    }
    expect(problems(complete({ images: '{"components": 7}' }))[0]).toMatch(/^BAD_SNAPSHOT --images/);
    // No such file: it is the name of an image.
    const [component] = accepted(complete({ images: 'quay.io/shop/app.json' })).snapshot.components;
    expect(component?.containerImage).toBe('quay.io/shop/app.json');
  });

  it.each(['nowhere.json', './nowhere.yaml', '../nowhere.yml', 'release/nowhere.json', '/nowhere.json'])(
    'takes %s among images for a file that is missing, and not for an image of Docker Hub',
    (path) => {
      expect(problems(complete({ images: path }))).toEqual([
        expect.stringMatching(/^UNREADABLE_FILE .*nowhere/),
      ]);
    },
  );

  it('takes the text of a snapshot for that, whatever files are there', () => {
    const text = `{"components": [{"name": "cart", "containerImage": ${JSON.stringify(IMAGE)}}]}`;
    const planted = JSON.stringify({ components: [{ name: 'evil', containerImage: 'quay.io/evil' }] });
    const files: typeof localFiles = { exists: (path) => path === text, read: () => Buffer.from(planted) };
    for (const raw of [{ images: text }, { images: IMAGE, snapshot: text }]) {
      const parsed = parseOptions(complete(raw), files);
      if (!parsed.ok) throw new AggregateError(parsed.problems);
      expect(parsed.options.snapshot.components).toMatchObject([{ name: 'cart', containerImage: IMAGE }]);
    }
  });

  it('says of a missing snapshot file that it cannot be read', () => {
    const [problem] = problems(complete({ snapshot: join(folder, 'nowhere.yaml') }));
    expect(problem).toMatch(/^UNREADABLE_FILE .*nowhere\.yaml/);
  });

  it('stops reading a file that never ends', () => {
    expect(problems(complete({ snapshot: '/dev/zero' }))[0]).toMatch(/^UNREADABLE_FILE .*longer than/);
    expect(problems(complete({ 'public-key': '/dev/zero' }))[0]).toMatch(/^UNREADABLE_FILE .*longer than/);
  });

  it('takes a flag that nobody knows for a mistake, not for an image', () => {
    expect(problems(complete({ images: [IMAGE, '--publik-key=x'] }))).toEqual([
      'BAD_OPTION unknown option "--publik-key=x"',
    ]);
  });

  it('says nothing of the value of a flag that nobody knows, but still all that is wrong elsewhere', () => {
    const policy = file('of-a-flag.yaml', 'sources: []');
    expect(problems(complete({ images: ['-p', policy], snapshot: '{"components": 7}' }))).toEqual([
      expect.stringMatching(/^BAD_SNAPSHOT --snapshot/),
      'BAD_OPTION unknown option "-p"',
    ]);
  });
});

describe('public keys', () => {
  it('takes files and PEM text, several of each, and says which is which', () => {
    const indented = pem().replaceAll(/^/gm, '    ');
    const { keys } = accepted({ images: IMAGE, 'public-key': [`${keyFile}\n${indented}`, pem()] }).signers;
    expect(keys.map((key) => key.name).sort()).toEqual([keyFile, 'inline key 1', 'inline key 2'].sort());
  });

  it('names keys in a cluster, and reads none of them yet', () => {
    const options = accepted({
      images: IMAGE,
      'public-key': `k8s://ns/secret\n${keyFile}`,
      'task-bundle-public-key': 'k8s://ns/tasks',
    });
    expect(options.signers).toMatchObject({
      keys: [{ name: keyFile }],
      secrets: [{ namespace: 'ns', name: 'secret' }],
    });
    expect(options.taskBundleSigners?.secrets).toEqual([{ namespace: 'ns', name: 'tasks' }]);
  });

  it.each(['awskms:///alias/x', 'https://example.com/k.pub', 'env://KEY', 'gcpkms://projects/x'])(
    'refuses %s with a clear message',
    (address) => {
      expect(problems({ images: IMAGE, 'public-key': address })).toEqual([
        expect.stringMatching(/^BAD_KEY .*keys are not read from \w+:\/\/ addresses/),
      ]);
    },
  );

  it('refuses a cut PEM block, a private key and a file without a key', () => {
    const secret = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const privatePem = secret.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const key of [KEY.slice(0, 60), privatePem.slice(0, 120), privatePem, file('empty.pub', '')]) {
      const found = problems({ images: IMAGE, 'public-key': key });
      expect(found).toHaveLength(1);
      expect(found.join()).not.toContain(privatePem.slice(60, 80));
      for (const problem of found) expect(problem).toMatch(/^BAD_KEY /);
    }
  });
});

describe('keyless identities', () => {
  const pairs = (raw: RawOptions) =>
    accepted({ images: IMAGE, ...raw }).signers.identities.map(({ subject, issuer }) => [
      `${subject.type} ${subject.pattern}`,
      `${issuer.type} ${issuer.pattern}`,
    ]);

  it('holds one issuer for all subjects', () => {
    expect(
      pairs({ 'certificate-identity': 'a@example.com\nb@example.com', 'certificate-oidc-issuer': ISSUER }),
    ).toEqual([
      ['exact a@example.com', `exact ${ISSUER}`],
      ['exact b@example.com', `exact ${ISSUER}`],
    ]);
  });

  it('pairs as many issuers as subjects in order, exact subjects first', () => {
    expect(
      pairs({
        'certificate-identity-regexp': 'b@example\\.com',
        'certificate-identity': 'a@example.com',
        'certificate-oidc-issuer': `${ISSUER}\nhttps://accounts.example.com`,
      }),
    ).toEqual([
      ['exact a@example.com', `exact ${ISSUER}`],
      ['regexp b@example\\.com', 'exact https://accounts.example.com'],
    ]);
  });

  it('lets one subject come from any of several issuers', () => {
    expect(
      pairs({
        'certificate-identity': 'a@example.com',
        'certificate-oidc-issuer': `${ISSUER}\nhttps://b.example.com`,
      }),
    ).toHaveLength(2);
  });

  it.each([
    ['a subject without issuer', { 'certificate-identity': 'a@example.com' }],
    ['an issuer without subject', { 'certificate-oidc-issuer': ISSUER }],
    [
      'three subjects with two issuers',
      {
        'certificate-identity': 'a@x.io\nb@x.io\nc@x.io',
        'certificate-oidc-issuer': `${ISSUER}\nhttps://b.example.com`,
      },
    ],
    [
      'issuers in both forms for several subjects',
      {
        'certificate-identity': 'a@x.io\nb@x.io',
        'certificate-oidc-issuer': ISSUER,
        'certificate-oidc-issuer-regexp': 'https://b\\.example\\.com',
      },
    ],
  ] satisfies [string, RawOptions][])('refuses %s', (_, raw) => {
    expect(problems({ images: IMAGE, ...raw })).toEqual([expect.stringMatching(/^BAD_IDENTITY /)]);
  });

  it.each(['.*', '^.+$', '', '.*|a', '('])('refuses the subject pattern %j', (pattern) => {
    const raw = { 'certificate-identity-regexp': pattern, 'certificate-oidc-issuer': ISSUER };
    expect(problems({ images: IMAGE, ...raw })[0]).toMatch(/^BAD_IDENTITY /);
  });

  it('keeps the signers of task bundles apart, by the same rules', () => {
    const options = accepted(
      complete({
        'task-bundle-certificate-identity': 'a@x.io',
        'task-bundle-certificate-oidc-issuer': ISSUER,
      }),
    );
    expect(options.signers.identities).toEqual([]);
    expect(options.taskBundleSigners?.identities).toHaveLength(1);
    expect(problems(complete({ 'task-bundle-certificate-identity': 'a@x.io' }))).toEqual([
      expect.stringContaining('--task-bundle-certificate-identity is given without'),
    ]);
  });
});

describe('trust', () => {
  it('takes a mirror with the root that it is trusted by', () => {
    const root = file('root.json', JSON.stringify({ signed: { _type: 'root' }, signatures: [] }));
    const { trust } = accepted(complete({ 'tuf-mirror': 'https://tuf.example.com/repo', 'tuf-root': root }));
    expect(trust).toMatchObject({ type: 'tuf', mirrorUrl: 'https://tuf.example.com/repo' });
  });

  it.each([
    ['a root without mirror', (root: string): RawOptions => ({ 'tuf-root': root }), 'BAD_OPTION'],
    [
      'a root that is none',
      (): RawOptions => ({ 'tuf-mirror': 'https://tuf.example.com', 'tuf-root': keyFile }),
      'BAD_TRUSTED_ROOT',
    ],
    [
      'a trusted root that is none',
      (root: string): RawOptions => ({ 'trusted-root': root }),
      'BAD_TRUSTED_ROOT',
    ],
  ] as const)('refuses %s', (_, raw, code) => {
    const root = file('root.json', JSON.stringify({ signed: { _type: 'root' }, signatures: [] }));
    expect(problems(complete(raw(root))).map((problem) => problem.split(' ')[0])).toEqual([code]);
  });

  it.each([
    'http://rekor.example.com',
    'rekor',
    'https://user:secret@rekor.example.com',
    'https://rekor.example.com/?q=1',
  ])('refuses the service URL %s, and prints no password', (url) => {
    const found = problems(complete({ 'rekor-url': url }));
    expect(found).toEqual([expect.stringMatching(/^BAD_OPTION --rekor-url/)]);
    expect(found[0]).not.toContain('secret');
  });

  it('allows plain http to loopback only', () => {
    expect(accepted(complete({ 'rekor-url': 'http://127.0.0.1:3000' })).rekorUrl).toBe(
      'http://127.0.0.1:3000/',
    );
  });

  it('refuses rekor-url together with ignore-rekor', () => {
    const raw = complete({ 'rekor-url': 'https://rekor.example.com', 'ignore-rekor': 'true' });
    expect(problems(raw)).toEqual(['BAD_OPTION --ignore-rekor and --rekor-url are both given']);
  });
});

describe('single values', () => {
  it.each([
    ['true', true],
    ['True', true],
    ['TRUE', true],
    ['false', false],
    ['False', false],
    ['FALSE', false],
  ])('reads the boolean %s', (text, value) => {
    expect(accepted(complete({ strict: text })).strict).toBe(value);
  });

  it.each(['yes', 'no', 'tru', '1', 'fALSE', 'on'])('never takes the typo %s for a boolean', (text) => {
    expect(problems(complete({ strict: text }))).toEqual([expect.stringMatching(/^BAD_OPTION --strict/)]);
  });

  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['0', 0],
  ])('reads the duration %s', (text, ms) => {
    expect(accepted(complete({ timeout: text })).timeoutMs).toBe(ms);
  });

  it.each(['5', '-1s', '5 m', '25h', '999999999h', '1.5h', 's'])('refuses the duration %s', (text) => {
    expect(problems(complete({ timeout: text }))).toEqual([expect.stringMatching(/^BAD_OPTION --timeout/)]);
  });

  it.each(['0', '257', '1e2', '-1', '0x10', '9999999999999'])('refuses %s workers', (text) => {
    expect(problems(complete({ workers: text }))).toEqual([expect.stringMatching(/^BAD_OPTION --workers/)]);
  });

  it('takes insecure registries as host and port, in lower case', () => {
    const options = accepted(complete({ 'insecure-registries': 'Registry.local:5000, other\n[::1]:5000' }));
    expect([...options.insecureRegistries]).toEqual(['registry.local:5000', 'other', '[::1]:5000']);
    expect(problems(complete({ 'insecure-registries': 'https://a/b' }))[0]).toMatch(/^BAD_OPTION /);
  });

  it('refuses two outputs to one file, and standard output in the action', () => {
    expect(problems(complete({ report: 'x.json', sarif: 'x.json' }))[0]).toContain('two outputs');
    expect(problems(complete({ report: 'x.json', output: 'text=./a/../x.json' }))[0]).toContain(
      'two outputs',
    );
    expect(problems(complete({ report: '-' }), 'action')[0]).toMatch(/^BAD_OPTION /);
    expect(accepted(complete({ report: '-' })).report).toBe('-');
  });
});

describe('policies', () => {
  it('are none unless one is given', () => {
    expect(accepted(complete())).toMatchObject({
      policy: undefined,
      extraRuleData: [],
      policyBundleDigest: undefined,
      effectiveTime: 'now',
      allowPastEffectiveTime: false,
      policyWorkers: undefined,
      output: [],
    });
  });

  it('come with their data, time and threads', () => {
    const policy = '{"sources": []}';
    const raw = complete({
      policy,
      'extra-rule-data': ['a=1,b=x=y', 'c=2'],
      'effective-time': '2026-01-31',
      'allow-past-effective-time': 'true',
      'policy-bundle-digest': 'sha256:1',
      'policy-workers': '3',
    });
    expect(accepted(raw)).toMatchObject({
      policy,
      extraRuleData: ['a=1', 'b=x=y', 'c=2'],
      effectiveTime: '2026-01-31',
      allowPastEffectiveTime: true,
      policyBundleDigest: 'sha256:1',
      policyWorkers: 3,
    });
  });

  it('may say who is trusted, so that options need not', () => {
    const { signers } = accepted({ images: IMAGE, policy: 'policy.yaml' });
    expect(signers).toEqual({ keys: [], secrets: [], identities: [] });
    // Half of an identity is a mistake with or without a policy.
    expect(problems({ images: IMAGE, policy: 'policy.yaml', 'certificate-identity': 'a' })[0]).toMatch(
      /^BAD_IDENTITY/,
    );
  });

  it.each([
    [{ 'extra-rule-data': 'a=1' }, 'without --policy'],
    [{ 'policy-bundle-digest': 'sha256:1' }, 'without --policy'],
    [{ 'effective-time': 'tomorrow' }, '--effective-time'],
    [{ policy: 'a', 'policy-workers': '0' }, '--policy-workers'],
    [{ policy: 'a', 'policy-workers': '65' }, '--policy-workers'],
    [{ output: 'html=a' }, '--output'],
    [{ output: 'json=a\nyaml=a' }, 'two outputs'],
    [{ output: 'json', report: '-' }, 'two outputs'],
  ])('are never guessed: %j', (raw, part) => {
    const found = problems(complete(raw));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^BAD_OPTION /);
    expect(found[0]).toContain(part);
  });

  it('can be shown in further documents, which the action writes to files', () => {
    expect(accepted(complete({ output: ['yaml=a.yaml', 'appstudio'] })).output).toEqual([
      { format: 'yaml', path: 'a.yaml' },
      { format: 'appstudio', path: '-' },
    ]);
    expect(problems(complete({ output: 'appstudio' }), 'action')[0]).toContain('must be a file');
  });
});
