import { expect, test } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import {
  answer,
  client,
  descriptorOf,
  failure,
  type Handler,
  image,
  index,
  repository,
  serve,
  serveIndex,
  serveManifest,
} from './support/hostile.ts';

const subject = digestOf('subject');
const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => descriptorOf(image(`${from + i}`)));

/** The API is not there, and this is what the fallback tag answers. */
function withoutApi(
  fallback: Handler,
  status404: [body: string, type: string] = ['', 'text/plain'],
): Handler {
  return (request, response, asked) => {
    if (!asked.url.includes('/referrers/')) return fallback(request, response, asked);
    answer(response, 404, status404[0], { 'content-type': status404[1] });
  };
}

test('pages are followed, and a digest listed twice counts once', async () => {
  const [a, b, c1] = many(3);
  await using server = await serve((request, response) => {
    const isFirst = !request.url?.includes('page=2');
    const link = { link: `<${request.url}?page=2>; rel="next"` };
    serveIndex(response, index((isFirst ? [a, b] : [b, c1]) as never), isFirst ? link : {});
  });
  await using c = client();
  const listed = await c.registry.referrers(repository(server), subject);
  expect(listed.map((descriptor) => descriptor.digest)).toEqual([a?.digest, b?.digest, c1?.digest]);
});

test('an empty list of the API is an answer', async () => {
  await using server = await serve((_, response) => serveIndex(response, index([])));
  await using c = client();
  expect(await c.registry.referrers(repository(server), subject)).toEqual([]);
  expect(server.asked).toHaveLength(1);
});

test.each([
  ['plain text', '404 page not found', 'text/plain'],
  ['JSON', '{"errors":[{"code":"METHOD_UNKNOWN"}]}', 'application/json'],
  ['HTML', '<h1>nginx</h1>', 'text/html'],
  ['nothing', '', ''],
])('a registry without the API (404 in %s) is asked for the fallback tag', async (_, body, type) => {
  const found = many(2);
  await using server = await serve(
    withoutApi((__, response) => serveIndex(response, index(found)), [body, type]),
  );
  await using c = client();
  expect(await c.registry.referrers(repository(server), subject)).toHaveLength(2);
  expect(server.asked[1]?.url).toBe(`/v2/team/app/manifests/${subject.replace(':', '-')}`);
});

test('that the API is not there is learnt once per repository', async () => {
  await using server = await serve(withoutApi((_, response) => answer(response, 404, '{}')));
  await using c = client();
  for (const text of ['1', '2', '3']) {
    expect(await c.registry.referrers(repository(server), digestOf(text))).toEqual([]);
  }
  expect(server.asked).toHaveLength(4);
  await c.registry.referrers(repository(server, 'team/other'), digestOf('1'));
  expect(server.asked).toHaveLength(6);
});

test.each([
  [429, 'THROTTLED'],
  [503, 'REGISTRY_UNAVAILABLE'],
  [403, 'UNAUTHORIZED'],
  [400, 'REGISTRY_PROTOCOL'],
] as const)('a listing that ends in %i is undetermined, not unsigned', async (status, code) => {
  await using server = await serve((_, response) => answer(response, status, ''));
  await using c = client();
  const listed = c.registry.referrers(repository(server), subject);
  await expect(listed).rejects.toMatchObject(failure(code));
  expect(server.asked.every((asked) => asked.url.includes('/referrers/'))).toBe(true);
});

test.each([
  [429, 'THROTTLED'],
  [500, 'REGISTRY_UNAVAILABLE'],
] as const)('a fallback tag that ends in %i is undetermined, not unsigned', async (status, code) => {
  await using server = await serve(withoutApi((_, response) => answer(response, status, '')));
  await using c = client();
  await expect(c.registry.referrers(repository(server), subject)).rejects.toMatchObject(failure(code));
});

test.each([
  ['HTML', '<html></html>', 'text/html'],
  ['HTML that calls itself JSON', '<html></html>', 'application/json'],
  ['an image', image().toString(), 'application/vnd.oci.image.manifest.v1+json'],
  [
    'a list of nonsense',
    '{"schemaVersion":2,"manifests":[{"digest":"x"}]}',
    'application/vnd.oci.image.index.v1+json',
  ],
  ['a bare object', '{}', 'application/vnd.oci.image.index.v1+json'],
  ['nothing', '', 'application/vnd.oci.image.index.v1+json'],
])('%s instead of a list is an error, never an empty list', async (_, body, type) => {
  await using server = await serve((__, response) => answer(response, 200, body, { 'content-type': type }));
  await using c = client();
  await expect(c.registry.referrers(repository(server), subject)).rejects.toMatchObject(
    failure('REGISTRY_PROTOCOL'),
  );
});

test('a fallback tag that is no index is an error', async () => {
  await using server = await serve(withoutApi((_, response) => serveManifest(response, image())));
  await using c = client();
  await expect(c.registry.referrers(repository(server), subject)).rejects.toMatchObject(
    failure('REGISTRY_PROTOCOL'),
  );
});

test('a next page at another origin is refused, and nothing is sent there', async () => {
  await using thief = await serve((_, response) => serveIndex(response, index([])));
  await using server = await serve((_, response) =>
    serveIndex(response, index(many(1)), { link: `<${thief.origin}/v2/>; rel="next"` }),
  );
  await using c = client();
  await expect(c.registry.referrers(repository(server), subject)).rejects.toMatchObject(
    failure('REGISTRY_PROTOCOL'),
  );
  expect(thief.asked).toHaveLength(0);
});

test('a page that a redirect fetched elsewhere cannot lead us on there', async () => {
  await using thief = await serve((_, response) =>
    serveIndex(response, index([]), { link: `<${thief.origin}/2>; rel="next"` }),
  );
  await using server = await serve((_, response) =>
    answer(response, 307, '', { location: `${thief.origin}/1` }),
  );
  await using c = client();
  await expect(c.registry.referrers(repository(server), subject)).rejects.toMatchObject(
    failure('REGISTRY_PROTOCOL'),
  );
  expect(thief.asked.map((asked) => asked.url)).toEqual(['/1']);
});

test('a list that goes in a circle is refused', async () => {
  await using server = await serve((request, response) =>
    serveIndex(response, index(many(1)), { link: `<${request.url}>; rel="next"` }),
  );
  await using c = client();
  await expect(c.registry.referrers(repository(server), subject)).rejects.toMatchObject(
    failure('REGISTRY_PROTOCOL'),
  );
  expect(server.asked).toHaveLength(1);
});

test('a list that never ends is given up at its bound of pages', async () => {
  let page = 0;
  await using server = await serve((_, response) => {
    page += 1;
    serveIndex(response, index(many(1, page)), { link: `</v2/next?page=${page}>; rel="next"` });
  });
  await using c = client();
  await expect(c.registry.referrers(repository(server), subject)).rejects.toMatchObject(
    failure('CONTENT_TOO_LARGE'),
  );
  expect(server.asked).toHaveLength(100);
});

test.each([
  ['entries', { referrersEntries: 5 }],
  ['bytes', { referrersBytes: 1_000 }],
])('a list with too many %s is given up', async (_, limits) => {
  let page = 0;
  await using server = await serve((__, response) => {
    page += 1;
    serveIndex(response, index(many(3, page * 3)), { link: `</v2/next?page=${page}>; rel="next"` });
  });
  await using c = client({ limits });
  await expect(c.registry.referrers(repository(server), subject)).rejects.toMatchObject(
    failure('CONTENT_TOO_LARGE'),
  );
  expect(server.asked.length).toBeLessThan(4);
});

test('a page that goes missing halfway is an error, not the end of the list', async () => {
  await using server = await serve((request, response) => {
    if (request.url?.endsWith('page=2')) answer(response, 404, '');
    else serveIndex(response, index(many(1)), { link: `<${request.url}?page=2>; rel="next"` });
  });
  await using c = client();
  await expect(c.registry.referrers(repository(server), subject)).rejects.toMatchObject(
    failure('REGISTRY_PROTOCOL'),
  );
});

test('a fallback tag with too many entries is given up', async () => {
  await using server = await serve(withoutApi((_, response) => serveIndex(response, index(many(6)))));
  await using c = client({ limits: { referrersEntries: 5 } });
  await expect(c.registry.referrers(repository(server), subject)).rejects.toMatchObject(
    failure('CONTENT_TOO_LARGE'),
  );
});
