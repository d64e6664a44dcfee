import { describe, expect, it } from 'vitest';
import {
  MAX_COMPONENTS,
  mergeSnapshots,
  parseSnapshot,
  renderSnapshot,
  toComponent,
} from '../../src/validate/snapshot.ts';
import { MAX_SNAPSHOT_BYTES, MAX_YAML_BYTES } from '../../src/validate/snapshot-text.ts';

const IMAGE = `quay.io/org/app@sha256:${'a'.repeat(64)}`;

const messages = (content: string) => parseSnapshot(content).problems.map((problem) => problem.message);
const codes = (content: string) => parseSnapshot(content).problems.map((problem) => problem.code);

describe('parseSnapshot', () => {
  it('reads the bare spec and the spec under `spec` alike, as JSON and as YAML', () => {
    const spec = { application: 'shop', components: [{ name: 'app', containerImage: IMAGE }] };
    const expected = {
      application: 'shop',
      components: [{ name: 'app', containerImage: IMAGE, source: {} }],
    };
    const yaml = `application: shop\ncomponents:\n  - name: app\n    containerImage: ${IMAGE}\n`;
    for (const text of [JSON.stringify(spec), JSON.stringify({ kind: 'Snapshot', spec }), yaml]) {
      expect(parseSnapshot(text)).toEqual({ spec: expected, problems: [] });
    }
  });

  it('keeps the git source and ignores what the shape does not know', () => {
    const git = { url: 'https://example.com/app', revision: 'abc', context: '', extra: 1 };
    const content = JSON.stringify({
      artifacts: { unstableFields: {} },
      displayName: 7,
      components: [{ name: 'app', containerImage: IMAGE, source: { git, other: true }, more: [] }],
    });
    expect(parseSnapshot(content).spec.components[0]?.source).toEqual({
      git: { url: 'https://example.com/app', revision: 'abc' },
    });
  });

  it('takes a missing or null name, application and source for empty', () => {
    const content = JSON.stringify({
      application: null,
      components: [{ containerImage: IMAGE, name: null, source: { git: null } }],
    });
    expect(parseSnapshot(content)).toEqual({
      spec: { application: '', components: [{ name: '', containerImage: IMAGE, source: {} }] },
      problems: [],
    });
  });

  it('refuses components both bare and under `spec`: other readers take the others', () => {
    const components = [{ name: 'app', containerImage: IMAGE }];
    for (const bare of [[], [{ name: 'other', containerImage: 'quay.io/org/other' }]]) {
      expect(codes(JSON.stringify({ spec: { components }, components: bare }))).toEqual(['BAD_SNAPSHOT']);
    }
  });

  it('names every component that is wrong, by its position', () => {
    const components = [
      { name: 'number', containerImage: 7 },
      { name: 'fine', containerImage: IMAGE },
      { name: 'missing' },
      { name: 'blank', containerImage: ' ' },
      { name: 'malformed', containerImage: 'Quay.io/UPPER/case' },
      'quay.io/org/app',
    ];
    const found = parseSnapshot(JSON.stringify({ components }));
    expect(found.problems.map((problem) => problem.message.split(/[ :]/, 1)[0])).toEqual([
      'components[0].containerImage',
      'components[2].containerImage',
      'components[3].containerImage',
      'components[4].containerImage',
      'components[5]',
    ]);
    expect(found.problems.map((problem) => problem.code)).toEqual([
      'BAD_SNAPSHOT',
      'BAD_SNAPSHOT',
      'BAD_SNAPSHOT',
      'BAD_REFERENCE',
      'BAD_SNAPSHOT',
    ]);
    expect(found.spec.components.map((component) => component.name)).toEqual(['fine']);
  });

  it('bounds how many problems it names', () => {
    const components = Array.from({ length: 500 }, () => ({ containerImage: null }));
    const found = messages(JSON.stringify({ components }));
    expect(found).toHaveLength(51);
    expect(found.at(-1)).toContain('450 more');
  });

  it.each([
    ['an object without components', '{"images": []}'],
    ['an empty list of components', '{"components": []}'],
    ['components that are no list', `{"components": {"0": {"containerImage": "${IMAGE}"}}}`],
    ['a list', `[{"containerImage": "${IMAGE}"}]`],
    ['a word', 'snapshot'],
    ['nothing', ''],
    ['broken JSON', '{"components": ['],
    ['two YAML documents', `components: []\n---\ncomponents: []\n`],
    ['a component on the prototype', `{"__proto__": {"components": [{"containerImage": "${IMAGE}"}]}}`],
  ])('refuses %s', (_, content) => {
    expect(codes(content)).toEqual(['BAD_SNAPSHOT']);
    expect(parseSnapshot(content).spec.components).toEqual([]);
  });

  it('refuses a duplicate key, which could hide a component', () => {
    const one = `[{"containerImage": "${IMAGE}"}]`;
    expect(codes(`{"components": ${one}, "components": ${one}}`)).toEqual(['BAD_SNAPSHOT']);
    const twice = `"containerImage": "${IMAGE}", "container\\u0049mage": "${IMAGE}"`;
    expect(codes(`{"components": [{${twice}}]}`)).toEqual(['BAD_SNAPSHOT']);
    expect(codes(`components: ${one}\ncomponents: ${one}\n`)).toEqual(['BAD_SNAPSHOT']);
    expect(codes(`components: [{${twice}}]`)).toEqual(['BAD_SNAPSHOT']);
  });

  it('takes the same key in two objects, and a key-like text, for no duplicate', () => {
    const text = `{"name": "{\\"name\\": [", "containerImage": "${IMAGE}"}`;
    const other = `{"name": "name", "containerImage": "quay.io/org/other"}`;
    expect(codes(`{"components": [${text}, ${other}], "name": "x"}`)).toEqual([]);
  });

  it('does not take members from a prototype for its own', () => {
    const content = `{"components": [{"__proto__": {"containerImage": "${IMAGE}"}, "name": "a"}]}`;
    expect(codes(content)).toEqual(['BAD_SNAPSHOT']);
    expect(({} as { containerImage?: string }).containerImage).toBeUndefined();
  });

  it('refuses a YAML bomb without expanding it', () => {
    const levels = [...'bcdefghij'];
    const bomb = levels.map((level, index) => {
      const previous = index === 0 ? 'a' : levels[index - 1];
      return `${level}: &${level} [${Array(9).fill(`*${previous}`).join(',')}]`;
    });
    expect(codes(`a: &a [x,x]\n${bomb.join('\n')}\ncomponents: *j\n`)).toEqual(['BAD_SNAPSHOT']);
  });

  it('refuses what refers to itself or is too long, JSON and YAML', () => {
    expect(codes('components: &x [*x]')).toEqual(['BAD_SNAPSHOT']);
    expect(codes(`components: [] #${' '.repeat(MAX_YAML_BYTES)}`)).toEqual(['BAD_SNAPSHOT']);
    expect(codes(`${' '.repeat(MAX_SNAPSHOT_BYTES)}{}`)).toEqual(['BAD_SNAPSHOT']);
  });

  it('reads a large snapshot as JSON', () => {
    const components = Array.from({ length: MAX_COMPONENTS }, (_, index) => ({
      name: `component-${index}`,
      containerImage: `quay.io/org/app-${index}@sha256:${'c'.repeat(64)}`,
      source: { git: { url: 'https://example.com/some/repository', revision: 'd'.repeat(40) } },
    }));
    const content = JSON.stringify({ components }, null, 2);
    expect(Buffer.byteLength(content)).toBeGreaterThan(MAX_YAML_BYTES);
    expect(parseSnapshot(content)).toMatchObject({ problems: [] });
  });

  it.each(['[', '{', '- ', ',', '&a ', '{"components":', '? ', '*a ', '"'])(
    'survives a text that is nothing but %j',
    (piece) => {
      expect(codes(piece.repeat(MAX_YAML_BYTES / 8 / piece.length))).toEqual(['BAD_SNAPSHOT']);
    },
  );

  it('refuses more components than it has room for', () => {
    const components = Array(MAX_COMPONENTS + 1).fill(0);
    expect(codes(JSON.stringify({ components }))).toEqual(['BAD_SNAPSHOT']);
  });
});

describe('mergeSnapshots', () => {
  const named = (name: string, containerImage: string) => ({ name, containerImage, source: {} });

  it('makes one component of a reference that is named twice, and keeps the first', () => {
    const merged = mergeSnapshots([
      { application: '', components: [named('first', 'quay.io/a'), named('b', 'quay.io/b')] },
      { application: 'shop', components: [named('second', 'quay.io/a')] },
    ]);
    expect(merged).toEqual({
      application: 'shop',
      components: [named('first', 'quay.io/a'), named('b', 'quay.io/b')],
    });
  });

  it('gives an unnamed component the name that a later one has', () => {
    const merged = mergeSnapshots([
      { application: '', components: [named('Unnamed', 'quay.io/a'), named('', 'quay.io/b')] },
      { application: '', components: [named('a', 'quay.io/a'), named('b', 'quay.io/b')] },
    ]);
    expect(merged.components.map((component) => component.name)).toEqual(['a', 'b']);
  });

  it('calls a nameless component after the last part of its repository', () => {
    const images = ['app', 'localhost:5000/team/app:1', IMAGE, `quay.io/org/app:2@sha256:${'b'.repeat(64)}`];
    const merged = mergeSnapshots([{ application: '', components: images.map(toComponent) }]);
    expect(merged.components.map((component) => component.name)).toEqual(['app', 'app', 'app', 'app']);
  });
});

describe('renderSnapshot', () => {
  it('is Conforma’s shape, by image', () => {
    const components = ['b.test/x:1', 'a.test/x:1', 'a.test/x:1'].map((containerImage, position) => ({
      name: String(position),
      containerImage,
      source: {},
    }));
    expect(JSON.parse(renderSnapshot({ application: 'shop', components }))).toEqual({
      application: 'shop',
      components: [components[1], components[2], components[0]],
      artifacts: {},
    });
  });
});
