// Ways in which a registry misbehaves, and rules that say when.
import type { ServerResponse } from 'node:http';

/** A request as the registry saw it. `path` includes the query. */
export interface RequestRecord {
  readonly to: 'registry' | 'token';
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly atMs: number;
  /** 0 until answered; stays 0 when the connection was dropped. */
  status: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type Fault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Closes the connection before any byte of an answer. */
  | { readonly kind: 'drop' }
  /** Announces the full length, sends `bytes` of it (default: half), closes. */
  | { readonly kind: 'truncate'; readonly bytes?: number }
  /** The right answer with one bit flipped in its body; its length and headers are unchanged. */
  | { readonly kind: 'wrong-bytes' }
  /** The right headers, then zeros or `chunk` for ever, without a length. */
  | { readonly kind: 'endless'; readonly chunk?: string }
  /** The right headers and then one byte every `everyMs` (default 1000). */
  | { readonly kind: 'slow-loris'; readonly everyMs?: number }
  /** Accepts the request and never answers. */
  | { readonly kind: 'stall' }
  | {
      readonly kind: 'redirect';
      readonly to: string | ((request: RequestRecord) => string);
      readonly status?: number;
    }
  | { readonly kind: 'html'; readonly status?: number }
  /** Replaces the body (with the right length), and headers where given. */
  | {
      readonly kind: 'body';
      readonly body: Buffer | string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The right answer with these headers set; '' removes one. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> };

/** Asked for every request, in order; the first fault returned is what happens. */
export type FaultRule = (request: RequestRecord) => Fault | undefined;

export const always =
  (fault: Fault): FaultRule =>
  () =>
    fault;

/** The first `count` requests that reach this rule. */
export function times(count: number, fault: Fault): FaultRule {
  let left = count;
  return () => (left-- > 0 ? fault : undefined);
}

/** Every other request that reaches this rule, the first one included. */
export function everyOther(fault: Fault): FaultRule {
  let turn = 0;
  return () => (turn++ % 2 === 0 ? fault : undefined);
}

/** Lets `count` requests pass, then applies `rule`. */
export function after(count: number, rule: FaultRule): FaultRule {
  let left = count;
  return (request) => (left-- > 0 ? undefined : rule(request));
}

/** Applies `rule` to requests whose `METHOD path?query` matches, as in `/^GET .*\/blobs\//`. */
export function matching(pattern: RegExp, rule: FaultRule | Fault): FaultRule {
  const apply = typeof rule === 'function' ? rule : always(rule);
  return (request) => (pattern.test(`${request.method} ${request.path}`) ? apply(request) : undefined);
}

const HTML = '<!doctype html><html><title>Sign in</title><body>Please sign in to the network.</body></html>';

/** The answer that a fault makes of the right one, for faults that end in an ordinary answer. */
function alter(fault: Fault, request: RequestRecord, right: Answer): Answer | undefined {
  switch (fault.kind) {
    case 'status':
      return { status: fault.status, headers: { ...fault.headers }, body: Buffer.from(fault.body ?? '') };
    case 'redirect':
      return {
        status: fault.status ?? 307,
        headers: { location: typeof fault.to === 'string' ? fault.to : fault.to(request) },
        body: Buffer.alloc(0),
      };
    case 'html':
      return {
        status: fault.status ?? 200,
        headers: { 'content-type': 'text/html' },
        body: Buffer.from(HTML),
      };
    case 'body':
      return { ...right, headers: { ...right.headers, ...fault.headers }, body: Buffer.from(fault.body) };
    case 'headers':
      return { ...right, headers: { ...right.headers, ...fault.headers } };
    case 'wrong-bytes':
      return { ...right, body: flipped(right.body) };
    default:
      return undefined;
  }
}

function flipped(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  const middle = Math.floor(copy.length / 2);
  if (copy.length > 0) copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}

/** Sends `right`, or what `fault` makes of it. */
export function send(
  response: ServerResponse,
  request: RequestRecord,
  right: Answer,
  fault: Fault | undefined,
): void {
  if (fault?.kind === 'stall') return;
  if (fault?.kind === 'drop') {
    response.destroy();
    return;
  }
  const altered = fault === undefined ? right : alter(fault, request, right);
  const answer = altered ?? right;
  request.status = answer.status;
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== '') response.setHeader(name, value);
  if (altered === undefined && fault !== undefined) {
    sendBroken(response, answer, fault);
    return;
  }
  response.writeHead(answer.status, { 'content-length': answer.body.length });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

function sendBroken(response: ServerResponse, answer: Answer, fault: Fault): void {
  if (fault.kind === 'truncate') {
    response.writeHead(answer.status, { 'content-length': answer.body.length });
    const part = answer.body.subarray(0, fault.bytes ?? Math.floor(answer.body.length / 2));
    response.write(part, () => response.destroy());
    return;
  }
  response.removeHeader('content-length');
  response.writeHead(answer.status);
  if (fault.kind === 'endless') pour(response, Buffer.from(fault.chunk ?? Buffer.alloc(65_536)));
  if (fault.kind === 'slow-loris') drip(response, fault.everyMs ?? 1000);
}

/** Writes for ever, as fast as the other side reads. */
function pour(response: ServerResponse, chunk: Buffer): void {
  const more = (): void => {
    if (response.destroyed) return;
    if (response.write(chunk)) setImmediate(more);
    else response.once('drain', more);
  };
  more();
}

function drip(response: ServerResponse, everyMs: number): void {
  response.write(' ');
  const timer = setInterval(() => response.write(' '), everyMs);
  timer.unref();
  response.on('close', () => clearInterval(timer));
}
