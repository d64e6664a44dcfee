import { expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { EMPTY } from './support/hostile.ts';

function parse(document: object | string, contentType?: string) {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  return parseManifest(bytes, digestOf(bytes), contentType);
}

const image = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: EMPTY, layers: [EMPTY] };
const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [EMPTY] };

test.each([OCI_MANIFEST, DOCKER_MANIFEST])('an image of type %s is an image', (mediaType) => {
  expect(parse({ ...image, mediaType }, mediaType)).toMatchObject({
    kind: 'image',
    mediaType,
    layers: [EMPTY],
  });
});

test.each([OCI_INDEX, DOCKER_LIST])('an index of type %s is an index', (mediaType) => {
  expect(parse({ ...index, mediaType }, mediaType)).toMatchObject({
    kind: 'index',
    mediaType,
    manifests: [EMPTY],
  });
});

test('the type may be in the body or in the header alone', () => {
  expect(parse(image, 'application/json').kind).toBe('image');
  expect(parse(image).kind).toBe('image');
  const { mediaType: _, ...untyped } = index;
  expect(parse(untyped, `${OCI_INDEX}; charset=utf-8`).kind).toBe('index');
  expect(parse(untyped, OCI_INDEX.toUpperCase()).kind).toBe('index');
});

test('everything that is optional is read where it is', () => {
  const platform = { architecture: 'arm64', os: 'linux', variant: 'v8', 'os.features': ['x'] };
  const manifest = parse({
    ...image,
    artifactType: 'application/x',
    annotations: { a: 'b' },
    subject: { ...EMPTY, artifactType: 'application/y', annotations: { c: 'd' }, platform },
  });
  expect(manifest).toMatchObject({
    artifactType: 'application/x',
    annotations: { a: 'b' },
    subject: { artifactType: 'application/y', annotations: { c: 'd' } },
  });
  expect(manifest.subject?.platform).toEqual({ architecture: 'arm64', os: 'linux', variant: 'v8' });
});

test('null for an empty list, as Go writes it, is an empty list', () => {
  expect(parse({ ...index, manifests: null, annotations: null })).toMatchObject({
    manifests: [],
    annotations: {},
  });
});

test('a key that would reach the prototype does not', () => {
  const text = JSON.stringify({ ...image, annotations: { a: 'b' } }).replace(
    '"a":"b"',
    '"__proto__":"x","a":"b"',
  );
  const { annotations } = parse(text);
  expect(Object.entries(annotations)).toEqual([['a', 'b']]);
});

const { mediaType: _type, ...untypedImage } = image;

test.each<[string, object | string, string?]>([
  ['no JSON', '<html>'],
  ['nothing', ''],
  ['null', 'null'],
  ['a list', '[]'],
  ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['schema 1', { ...image, schemaVersion: 1 }],
  ['no type at all', untypedImage],
  ['a type that is no manifest', { ...image, mediaType: 'application/json' }],
  ['an image served as an index', image, OCI_INDEX],
  ['an index served as an image', index, OCI_MANIFEST],
  ['an OCI image served as a Docker image', image, DOCKER_MANIFEST],
  ['an image that is an index too', { ...image, manifests: [EMPTY] }],
  ['an index that is an image too', { ...index, config: EMPTY }],
  ['an index with layers', { ...index, layers: [EMPTY] }],
  ['an image without config', { ...image, config: undefined }],
  ['a digest of another kind', { ...image, config: { ...EMPTY, digest: 'md5:abc' } }],
  ['a digest with a path in it', { ...image, config: { ...EMPTY, digest: '../../x' } }],
  ['a negative size', { ...image, layers: [{ ...EMPTY, size: -1 }] }],
  ['half a byte', { ...image, layers: [{ ...EMPTY, size: 0.5 }] }],
  ['a size beyond all numbers', JSON.stringify(image).replace('"size":2', '"size":1e400')],
  ['a size that is no safe integer', { ...image, layers: [{ ...EMPTY, size: 2 ** 53 }] }],
  ['an annotation that is no text', { ...image, annotations: { a: 1 } }],
])('%s is refused', (_, document, contentType) => {
  expect(() => parse(document, contentType)).toThrow(expect.objectContaining({ code: 'REGISTRY_PROTOCOL' }));
});

const text = JSON.stringify;
test.each([
  ['layers twice', text(image).replace(/}$/, `,"layers":[]}`)],
  ['layers in another case', { ...image, Layers: [] }],
  ['the list of an index, in another case', { ...image, Manifests: [EMPTY] }],
  ['children in another case', { ...index, MANIFESTS: [EMPTY] }],
  ['a letter that Go takes for an s', { ...index, manifest\u017f: [EMPTY] }],
  ['a digest twice', text(image).replace('"digest"', `"digest":"${digestOf('other')}","digest"`)],
  ['a digest in another case', { ...image, layers: [{ ...EMPTY, Digest: digestOf('other') }] }],
  [
    'a platform in another case',
    {
      ...index,
      manifests: [{ ...EMPTY, platform: { os: 'unknown', architecture: 'unknown', OS: 'linux' } }],
    },
  ],
])('what one reader sees and another does not is no manifest: %s', (_, document) => {
  expect(() => parse(document)).toThrow(
    expect.objectContaining({ code: 'REGISTRY_PROTOCOL', message: expect.stringContaining('is not clear') }),
  );
});

test('annotations may have names of any case', () => {
  const annotations = { Digest: 'a', digest: 'b', Layers: 'c' };
  expect(parse({ ...image, annotations })).toMatchObject({ annotations });
});
