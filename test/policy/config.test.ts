import { describe, expect, it } from 'vitest';
import { type PolicyConfig, parsePolicyConfig } from '../../src/policy/config.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const parse = (spec: unknown): PolicyConfig => parsePolicyConfig(JSON.stringify(spec), 'p');
const group = (rest: object) => ({ sources: [{ policy: ['./p'], ...rest }] });
const volatile = (entry: object) => group({ volatileConfig: { exclude: [{ value: 'a.b', ...entry }] } });
const messageOf = (spec: unknown) => {
  try {
    parse(spec);
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_POLICY' });
    return (error as Error).message;
  }
  return 'accepted';
};

describe('parsePolicyConfig', () => {
  it('reads JSON and YAML, the bare spec and the whole resource alike', () => {
    const spec = {
      sources: [{ name: 's', policy: ['oci::quay.io/o/p'], data: ['./d'] }],
      publicKey: 'k8s://ns/key',
    };
    const resource = {
      apiVersion: 'appstudio.redhat.com/v1alpha1',
      kind: 'EnterpriseContractPolicy',
      metadata: { name: 'x' },
      spec,
    };
    const yaml =
      'publicKey: k8s://ns/key\nsources:\n- name: s\n  policy: [oci::quay.io/o/p]\n  data: [./d]\n';
    for (const text of [JSON.stringify(spec), JSON.stringify(resource), yaml]) {
      const config = parsePolicyConfig(text, 'p');
      expect(config.sources).toEqual([
        {
          name: 's',
          policy: ['oci::quay.io/o/p'],
          data: ['./d'],
          ruleData: undefined,
          config: undefined,
          volatileConfig: undefined,
        },
      ]);
      expect(config.publicKey).toBe('k8s://ns/key');
      expect(config.spec).toEqual(spec);
    }
  });

  it('without sources is legal, and everything in it is optional', () => {
    expect(parse({})).toMatchObject({ sources: [], configuration: undefined, identity: undefined });
  });

  it('knows every member', () => {
    const config = parse({
      name: 'n',
      description: 'd',
      rekorUrl: 'https://rekor.test',
      identity: { subject: 's', subjectRegExp: 'sr', issuer: 'i', issuerRegExp: 'ir' },
      configuration: { include: ['a'], exclude: ['b'], collections: ['c'] },
      ...group({
        ruleData: { allowed: ['x'] },
        config: { include: ['@x'], exclude: [] },
        volatileConfig: { include: [{ value: 'v', reference: 'https://issue.test/1' }] },
      }),
    });
    expect(config).toMatchObject({
      configuration: { include: ['a'], exclude: ['b'], collections: ['c'] },
      identity: { subject: 's', subjectRegExp: 'sr', issuer: 'i', issuerRegExp: 'ir' },
      rekorUrl: 'https://rekor.test',
      sources: [
        {
          config: { include: ['@x'], exclude: [] },
          volatileConfig: { include: [{ value: 'v', scope: { type: 'all' } }], exclude: [] },
        },
      ],
    });
  });

  it.each([
    [{ source: [] }, 'source'],
    [group({ polcy: [] }), 'sources[0].polcy'],
    [group({ config: { includes: [] } }), 'sources[0].config.includes'],
    [volatile({ imageDigests: 'x' }), 'sources[0].volatileConfig.exclude[0].imageDigests'],
    [{ identity: { subjectRegexp: 'x' } }, 'identity.subjectRegexp'],
    [JSON.parse('{"__proto__": {"sources": []}}'), '__proto__'],
    [{ sources: [{ policy: ['./p'] }, { data: ['./d'] }] }, 'sources[1].policy'],
    [group({ policy: [] }), 'sources[0].policy'],
    [group({ policy: './p' }), 'sources[0].policy'],
    [group({ data: [7] }), 'sources[0].data[0]'],
    [group({ ruleData: [1] }), 'sources[0].ruleData'],
    [group({ ruleData: 1.5 }), 'sources[0].ruleData'],
    [{ sources: null }, 'sources'],
    [{ publicKey: 7 }, 'publicKey'],
  ])('%j is an error that names %s', (spec, path) => {
    expect(messageOf(spec)).toContain(path);
  });

  it('names the member below `spec` of a whole resource', () => {
    const resource = {
      apiVersion: 'appstudio.redhat.com/v1alpha1',
      kind: 'EnterpriseContractPolicy',
      spec: { x: 1 },
    };
    expect(messageOf(resource)).toContain('spec.x');
  });

  it.each([
    { apiVersion: 'v1', kind: 'ConfigMap', spec: {} },
    { apiVersion: 'appstudio.redhat.com/v1alpha1', kind: 'Snapshot', spec: {} },
    { apiVersion: 'appstudio.redhat.com/v1alpha1', kind: 'EnterpriseContractPolicy' },
    { apiVersion: 7, spec: {} },
    [],
    'text',
    7,
    null,
  ])('%j is no policy', (value) => {
    expect(messageOf(value)).not.toBe('accepted');
  });

  it.each([
    '',
    '   ',
    '- a',
    'a: b: c',
    '{"sources": [], "sources": []}',
    'sources: []\nsources: []',
    '{',
    'a: !!js/function x',
  ])('the text %j is no policy', (text) =>
    expect(() => parsePolicyConfig(text, 'p')).toThrow(expect.objectContaining({ code: 'BAD_POLICY' })),
  );

  it('is bounded in length, nesting and aliases', () => {
    const bombs = [
      ' '.repeat(5 * 1024 * 1024),
      `{"sources": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
      `sources: ${'[x, '.repeat(50_000)}`,
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((key, i) => `${key}: &${key} [${Array(10).fill(`*${'abcdefg'[i]}`).join(',')}]`)
        .join('\n')}`,
    ];
    for (const text of bombs) {
      expect(() => parsePolicyConfig(text, 'p')).toThrow(expect.objectContaining({ code: 'BAD_POLICY' }));
    }
  });

  it('cannot be changed afterwards, and keeps the digits of rule data', () => {
    const config = parsePolicyConfig(
      '{"sources":[{"policy":["p"],"ruleData":{"n":12345678901234567890.10}}]}',
      'p',
    );
    expect(JSON.stringify(config.sources[0]?.ruleData)).toBe('{"n":12345678901234567890.10}');
    expect(Object.isFrozen(config.sources[0]?.policy)).toBe(true);
  });
});

describe('volatile criteria', () => {
  const scopeOf = (entry: object) => parse(volatile(entry)).sources[0]?.volatileConfig?.exclude[0]?.scope;

  it('hold for everything, a digest, a repository or components', () => {
    expect(scopeOf({})).toEqual({ type: 'all' });
    expect(scopeOf({ imageRef: DIGEST })).toEqual({ type: 'digest', digest: DIGEST });
    expect(scopeOf({ imageDigest: DIGEST })).toEqual({ type: 'digest', digest: DIGEST });
    expect(scopeOf({ imageUrl: 'quay.io/o/app' })).toEqual({
      type: 'repository',
      repository: { registry: 'quay.io', name: 'o/app' },
    });
    expect(scopeOf({ componentNames: ['a'] })).toEqual({ type: 'components', names: ['a'] });
  });

  it('have one scope at most, and a sound one', () => {
    expect(messageOf(volatile({ imageDigest: DIGEST, imageUrl: 'quay.io/o/app' }))).toContain('imageUrl');
    expect(messageOf(volatile({ imageRef: DIGEST, componentNames: ['a'] }))).toContain('componentNames');
    for (const entry of [
      { imageDigest: 'sha256:12' },
      { imageDigest: DIGEST.toUpperCase() },
      { imageUrl: 'quay.io/o/app:v1' },
      { imageUrl: `quay.io/o/app@${DIGEST}` },
      { imageUrl: 'Not A Repository' },
      { componentNames: [] },
      { value: '' },
    ]) {
      expect(messageOf(volatile(entry))).not.toBe('accepted');
    }
  });

  it('hold from a date to a date; a date that nobody can read is an error, not a criterion less', () => {
    const [entry] =
      parse(volatile({ effectiveOn: '2026-01-01', effectiveUntil: '2026-01-31T12:00:00+02:00' })).sources[0]
        ?.volatileConfig?.exclude ?? [];
    expect(entry).toMatchObject({
      effectiveOnMs: Date.UTC(2026, 0, 1),
      effectiveUntilMs: Date.UTC(2026, 0, 31, 10),
    });
    for (const date of ['tomorrow', '2026-02-30', '2026-1-1', '01/02/2026', '', '2026-01-01T00:00:00']) {
      expect(messageOf(volatile({ effectiveUntil: date }))).toContain('effectiveUntil');
    }
  });
});
