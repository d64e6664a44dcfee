// Layers as streams: in constant memory, begun again when a connection is lost, and never believed before their end.
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Digest, digestOf, parseDigest } from '../../src/base/digest.ts';
import {
  answer,
  type Client,
  client,
  failure,
  type HostileServer,
  repository,
  serve,
} from './support/hostile.ts';

const MIB = 1024 * 1024;
const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251));
const descriptor = { digest: digestOf(bytes), size: bytes.length };

let c: Client;
beforeEach(() => {
  c = client();
});
afterEach(() => c[Symbol.asyncDispose]());

async function read(server: HostileServer, of = descriptor, maxBytes = 10 * MIB, signal?: AbortSignal) {
  const chunks: Buffer[] = [];
  for await (const chunk of c.registry.stream(repository(server), of, maxBytes, signal)) {
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** Announces all, sends a part, and closes. */
function truncate(response: ServerResponse, count: number): void {
  response.writeHead(200, { 'content-length': bytes.length });
  response.write(bytes.subarray(0, count), () => response.destroy());
}

test('a layer comes as it is', async () => {
  await using server = await serve((_, response) => answer(response, 200, bytes));
  expect((await read(server)).equals(bytes)).toBe(true);
  expect(c.registry.usage().registries[0]).toMatchObject({ requests: 1, bytes: bytes.length });
});

test('an empty layer is one', async () => {
  await using server = await serve((_, response) => answer(response, 200, Buffer.alloc(0)));
  expect(await read(server, { digest: digestOf(''), size: 0 })).toHaveLength(0);
});

test('after a lost connection it goes on where it ended, and comes whole', async () => {
  let times = 0;
  await using server = await serve((_, response) => {
    times += 1;
    if (times < 4) truncate(response, times * 70_000);
    else answer(response, 200, bytes);
  });
  expect((await read(server)).equals(bytes)).toBe(true);
  expect(server.asked).toHaveLength(4);
});

test('connections that are lost for ever are given up', async () => {
  await using server = await serve((_, response) => truncate(response, 1000));
  await expect(read(server)).rejects.toMatchObject(failure('CONTENT_TRUNCATED'));
  expect(server.asked).toHaveLength(5);
});

test('other bytes after a lost connection are found out by the digest of both parts', async () => {
  let times = 0;
  await using server = await serve((_, response) => {
    times += 1;
    if (times === 1) truncate(response, 100_000);
    else answer(response, 200, Buffer.alloc(bytes.length, 'x'));
  });
  await expect(read(server)).rejects.toMatchObject(failure('CONTENT_MISMATCH'));
  expect(server.asked).toHaveLength(2);
});

test('wrong bytes are refused before the last of them is out', async () => {
  const wrong = Buffer.from(bytes);
  wrong[bytes.length - 1] = 0xff;
  await using server = await serve((_, response) => answer(response, 200, wrong));
  let count = 0;
  const reading = async () => {
    for await (const chunk of c.registry.stream(repository(server), descriptor, MIB)) count += chunk.length;
  };
  await expect(reading()).rejects.toMatchObject(failure('CONTENT_MISMATCH'));
  expect(count).toBeLessThan(bytes.length);
  expect(server.asked).toHaveLength(1);
});

test('a body that is longer than its descriptor is cut', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(200);
    const pour = (): void => {
      while (!response.destroyed && response.write(bytes));
      response.once('drain', pour);
    };
    pour();
  });
  await expect(read(server)).rejects.toMatchObject(failure('CONTENT_MISMATCH'));
});

test('what is larger than the caller takes is not asked for', async () => {
  await using server = await serve((_, response) => answer(response, 200, bytes));
  await expect(read(server, descriptor, 1000)).rejects.toMatchObject(failure('CONTENT_TOO_LARGE'));
  expect(server.asked).toEqual([]);
});

test('a layer that is missing, though a manifest names it, is no absence', async () => {
  await using server = await serve((_, response) => answer(response, 404, '{}'));
  await expect(read(server)).rejects.toMatchObject(failure('REGISTRY_PROTOCOL'));
});

test.each([
  ['throttled', { status: 429 }, 'THROTTLED'],
  ['forbidden', { status: 403 }, 'UNAUTHORIZED'],
  ['encoded', { headers: { 'content-encoding': 'gzip' } }, 'REGISTRY_PROTOCOL'],
] as const)('a layer that is %s is an error with its reason', async (_, how, code) => {
  await using server = await serve((_request, response) =>
    answer(response, 'status' in how ? how.status : 200, bytes, 'headers' in how ? how.headers : {}),
  );
  await expect(read(server)).rejects.toMatchObject(failure(code));
});

test('a redirect is followed, without the credentials', async () => {
  await using store = await serve((_, response) => answer(response, 200, bytes));
  await using server = await serve((request, response) =>
    answer(response, 307, '', { location: `${store.origin}${request.url}` }),
  );
  expect((await read(server)).equals(bytes)).toBe(true);
  expect(store.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
});

test('a server that falls silent in the middle meets the deadline', async () => {
  await using quick = client({ limits: { idleBodyMs: 50, attempts: 2 } });
  await using server = await serve((_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 1000));
  });
  const reading = async () => {
    for await (const _ of quick.registry.stream(repository(server), descriptor, MIB));
  };
  await expect(reading()).rejects.toMatchObject(failure('TIMEOUT'));
  expect(server.asked).toHaveLength(2);
});

test('a server that drips meets the deadline of the whole', async () => {
  const limits = { requestMs: 300, streamBytesPerSecond: 100 * MIB, attempts: 1 };
  await using quick = client({ limits });
  await using server = await serve((_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
  });
  const reading = async () => {
    for await (const _ of quick.registry.stream(repository(server), descriptor, MIB));
  };
  await expect(reading()).rejects.toMatchObject(failure('TIMEOUT'));
});

test('a reader that takes its time is not a server that is silent', async () => {
  await using quick = client({ limits: { idleBodyMs: 40, attempts: 1 } });
  await using server = await serve((_, response) => answer(response, 200, bytes));
  let count = 0;
  for await (const chunk of quick.registry.stream(repository(server), descriptor, MIB)) {
    if (count === 0) await longer(120);
    count += chunk.length;
  }
  expect(count).toBe(bytes.length);
});

test('a reader that leaves cuts the connection', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 200_000));
  });
  for await (const _ of c.registry.stream(repository(server), descriptor, MIB)) break;
  await expect.poll(() => server.connections()).toBe(0);
});

test('an abort ends it at once, with the reason', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 1000));
  });
  const controller = new AbortController();
  const reading = read(server, descriptor, MIB, controller.signal);
  await expect.poll(() => server.asked.length).toBe(1);
  controller.abort();
  await expect(reading).rejects.toMatchObject(failure('CANCELLED'));
});

test('a reader that leaves while the next attempt is waited for is told that it left', async () => {
  await using server = await serve((_, response) => truncate(response, 1000));
  const controller = new AbortController();
  // The wait between two attempts throws the bare reason.
  const waiting = { now: () => 0, sleep: () => Promise.reject(controller.abort('left')) };
  await using slow = client({ clock: waiting as never });
  const reading = async () => {
    const { signal } = controller;
    for await (const _ of slow.registry.stream(repository(server), descriptor, MIB, signal));
  };
  await expect(reading()).rejects.toMatchObject(failure('CANCELLED'));
});

/** Set to 2147483648 to see 2 GB pass. */
const LAYER_BYTES = Number(process.env.PROOFGATE_TEST_LAYER_BYTES ?? 256 * MIB);

test('a layer passes through with flat memory', async () => {
  const block = Buffer.alloc(MIB, 'layer');
  const blocks = LAYER_BYTES / MIB;
  const hash = createHash('sha256');
  for (let at = 0; at < blocks; at += 1) hash.update(block);
  const digest: Digest = parseDigest(`sha256:${hash.digest('hex')}`);
  await using server = await serve(async (_, response) => {
    response.writeHead(200, { 'content-length': LAYER_BYTES });
    for (let at = 0; at < blocks; at += 1) {
      if (!response.write(block)) await new Promise((resolve) => response.once('drain', resolve));
    }
    response.end();
  });
  const before = process.memoryUsage();
  let most = 0;
  let count = 0;
  const of = { digest, size: LAYER_BYTES };
  for await (const chunk of c.registry.stream(repository(server), of, LAYER_BYTES)) {
    count += chunk.length;
    most = Math.max(most, process.memoryUsage.rss());
  }
  expect(count).toBe(LAYER_BYTES);
  expect(most - before.rss).toBeLessThan(100 * MIB);
}, 120_000);

function longer(ms: number): Promise<void> {
  // A reader's own time, which nothing here can wind on: deadlines guard against real sockets.
  return new Promise((resolve) => setTimeout(resolve, ms));
}
