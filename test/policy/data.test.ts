import { describe, expect, it } from 'vitest';
import { mergeData } from '../../src/policy/data.ts';
import { parseEffectiveTime } from '../../src/policy/effective-time.ts';
import type { PolicyContext } from '../../src/policy/loaded-policy.ts';
import type { SourceTree } from '../../src/policy/source-tree.ts';

const context: PolicyContext = {
  effectiveTime: parseEffectiveTime('2030-01-01T00:00:00.123456789Z', 0, { allowPast: true }),
  sigstore: {
    certificate_identity: '',
    certificate_identity_regexp: '',
    certificate_oidc_issuer: '',
    certificate_oidc_issuer_regexp: '',
    ignore_rekor: true,
    public_key: 'PEM',
    rekor_url: '',
  },
};
const tree = (files: Readonly<Record<string, string | Buffer>>, url = './d'): SourceTree => ({
  url,
  pinned: url,
  fingerprint: '',
  files: Object.entries(files).map(([path, content]) => ({ path, bytes: Buffer.from(content) })),
});
const text = (...trees: SourceTree[]) => mergeData(trees, undefined, context);
const merge = (...trees: SourceTree[]) => {
  const { config: _, ...data } = JSON.parse(text(...trees));
  return data;
};
const messageOf = (...trees: SourceTree[]) => {
  try {
    text(...trees);
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_POLICY' });
    return (error as Error).message;
  }
  return 'accepted';
};

describe('merging data', () => {
  it('merges maps of the same place, across files, folders and sources, and makes no keys of folders', () => {
    const first = tree({
      'a.json': '{"a": {"b": {"x": 1}}, "l": [1]}',
      'sub/dir/b.yaml': 'a:\n  b: {y: 2}\n  c: 3\n',
    });
    const second = tree({ 'c.yml': 'a: {b: {z: [true, null]}}' }, './e');
    expect(merge(first, second)).toEqual({ a: { b: { x: 1, y: 2, z: [true, null] }, c: 3 }, l: [1] });
  });

  it('takes a folder with a subfolder once', () => {
    expect(merge(tree({ 'a.json': '{"a": 1}', 'sub/b.json': '{"b": 1}' }))).toEqual({ a: 1, b: 1 });
  });

  it.each([
    ['{"a": 1}', '{"a": 1}', 'a'],
    ['{"a": {"b": 1}}', '{"a": {"b": 2}}', 'a.b'],
    ['{"a": {"b": 1}}', '{"a": 1}', 'a'],
    ['{"a": 1}', '{"a": {"b": 1}}', 'a'],
    ['{"a": [1]}', '{"a": [2]}', 'a'],
    ['{"a": null}', '{"a": null}', 'a'],
    ['{"a": 1e400}', '{"a": {}}', 'a'],
    ['{"__proto__": 1}', '{"__proto__": 1}', '__proto__'],
    ['{"constructor": {"x": 1}}', '{"constructor": {"x": 1}}', 'constructor.x'],
  ])('%s and %s clash, and both files are named', (one, two, key) => {
    const message = messageOf(
      tree({ 'one.json': one, 'between.json': '{"z": 1}' }),
      tree({ 'sub/two.json': two }, './e'),
    );
    expect(message).toContain(`"${key}"`);
    expect(message).toContain('./d: one.json');
    expect(message).toContain('./e: sub/two.json');
  });

  it('names the file that set it, not one that was merged in between', () => {
    const files = { '1.json': '{"a": {"x": 1}}', '2.json': '{"a": {"y": 1}}', '3.json': '{"a": {"y": 2}}' };
    expect(messageOf(tree(files))).toMatch(/3\.json.*2\.json/);
  });

  it('keeps every digit, of JSON and of YAML', () => {
    const files = {
      'a.json': '{"j": [12345678901234567890, 1.10, 1E400, -0, 1e-7, 0.1]}',
      'b.yaml': 'y: [12345678901234567890, -9007199254740993, 0x1F, 010, 0o17, 1_000, +5]',
    };
    const data = text(tree(files));
    expect(data).toContain('"j":[12345678901234567890,1.10,1E400,-0,1e-7,0.1]');
    expect(data).toContain('"y":[12345678901234567890,-9007199254740993,31,8,15,1000,5]');
    expect(data).toContain('"when_ns":1893456000123456789');
  });

  it('reads YAML as Go does', () => {
    const yaml =
      'a: yes\nb: off\nc: ~\nd: 2026-01-01\ne: "yes"\nf: 1.50\ng: <<\nh: y\ni: 1e3\nj: 12:30\nk: 1.2.3\nl: 09\n? on\n: x\nm: &m {p: 1}\nn:\n  <<: *m\n  q: 2\n';
    expect(merge(tree({ 'a.yaml': yaml }))).toEqual({
      a: true,
      b: false,
      c: null,
      d: '2026-01-01',
      e: 'yes',
      f: 1.5,
      g: '<<',
      h: true,
      i: 1000,
      j: '12:30',
      k: '1.2.3',
      l: 9,
      on: 'x',
      m: { p: 1 },
      n: { p: 1, q: 2 },
    });
  });

  it('keys that JavaScript knows are keys like others', () => {
    const data = text(
      tree({ 'a.json': '{"__proto__": {"x": 1}, "toString": 1}', 'b.yaml': '__proto__: {y: 2}\n' }),
    );
    expect(data).toContain('"__proto__":{"x":1,"y":2},"toString":1');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe('what is no data', () => {
  it.each([
    ['a.json', '[1]'],
    ['a.json', '"text"'],
    ['a.json', 'null'],
    ['a.json', ''],
    ['a.json', '{"a": 1,}'],
    ['a.json', 'a: 1'],
    ['a.json', '{"a": 1, "a": 2}'],
    ['a.yaml', ''],
    ['a.yaml', '- a'],
    ['a.yaml', 'text'],
    ['a.yaml', 'a: 1\na: 2'],
    ['a.yaml', 'a: 1\n---\nb: 2'],
    ['a.yaml', 'a: .inf'],
    ['a.yaml', 'a: !!binary AAAA'],
    ['a.yaml', 'a: *missing'],
    ['a.yaml', '[a]: b'],
  ])('%s with %j is an error that names the file', (path, content) => {
    expect(messageOf(tree({ [path]: content }))).toContain(`./d: ${path}`);
  });

  it('bytes that are no UTF-8, and nesting without end, are errors', () => {
    expect(messageOf(tree({ 'a.json': Buffer.from([0x7b, 0xff, 0x7d]) }))).toContain('UTF-8');
    const deep = `{"a": ${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
    expect(messageOf(tree({ 'a.json': deep }))).not.toBe('accepted');
  });

  it.each(['config', 'rule_data__configuration__'])('%s is for the run alone to set', (key) => {
    for (const value of [{}, 1, { default_sigstore_opts: { rekor_public_key: 'evil' } }]) {
      const message = messageOf(tree({ 'x.json': JSON.stringify({ [key]: value }) }));
      expect(message).toContain('./d: x.json');
      expect(message).toContain(key);
    }
    expect(messageOf(tree({ 'x.yaml': `base: &b {${key}: 1}\n<<: *b\n` }))).toContain(key);
  });

  it('a data source without data is not an empty one', () => {
    expect(messageOf(tree({ 'a.rego': 'package a' }))).toContain('no data file');
  });
});

it('the run’s own data is written last: time, signers and rule data', () => {
  const ruleData = JSON.parse('{"n": 12345678901234567890}', function reviver(_, value, ...rest) {
    const [source] = rest as unknown as [{ source?: string }];
    return typeof value === 'number' ? JSON.rawJSON(source?.source ?? '') : value;
  });
  const data = mergeData([], ruleData, context);
  expect(JSON.parse(data)).toMatchObject({
    config: { policy: { when_ns: 1893456000123456800 }, default_sigstore_opts: context.sigstore },
  });
  expect(data).toContain('"rule_data__configuration__":{"n":12345678901234567890}');
  expect(JSON.parse(text())).not.toHaveProperty('rule_data__configuration__');
});
