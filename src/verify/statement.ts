// In-toto statements, v0.1 and v1 (https://github.com/in-toto/attestation/tree/main/spec).
import { z } from 'zod';
import { type Digest, digestAlgorithm, digestHex } from '../base/digest.ts';
import { attempt } from './attempt.ts';
import { parseJson } from './json.ts';

/** The DSSE payload type of in-toto statements. */
export const IN_TOTO_PAYLOAD = 'application/vnd.in-toto+json';

/** An SBOM of a large image is some MiB; a statement holds one. */
const MAX_STATEMENT_BYTES = 64 * 1024 * 1024;
const MAX_SUBJECTS = 10_000;
const MAX_NAME_CHARS = 4096;

/** Parsed and bounded. Authentic only as part of a `Verified`. */
export interface Statement {
  readonly type: string;
  readonly predicateType: string;
  readonly subject: readonly StatementSubject[];
  readonly predicate: unknown;
  /** The whole statement as parsed. */
  readonly json: unknown;
  /** The JSON text that was signed, UTF-8: what parsing changes, such as large numbers, is exact here alone. */
  readonly payload: Buffer;
}

/** in-toto attestation spec, ResourceDescriptor: what the statement is about. */
export interface StatementSubject {
  readonly name?: string;
  /** By algorithm, lower-case hex as a rule; not checked. */
  readonly digest: Readonly<Record<string, string>>;
}

const text = z.string().max(MAX_NAME_CHARS);
const statementSchema = z.object({
  _type: z.enum(['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1']),
  predicateType: text.min(1),
  subject: z
    .array(z.object({ name: text.optional(), digest: z.record(text, text) }))
    .min(1)
    .max(MAX_SUBJECTS),
});
type Head = z.infer<typeof statementSchema>;

/** @throws ProofgateError `STATEMENT_INVALID` */
export function parseStatement(payload: Buffer): Statement {
  return attempt('STATEMENT_INVALID', 'not an in-toto statement', () => {
    const json = parseJson(payload, MAX_STATEMENT_BYTES);
    const result = statementSchema.safeParse(json);
    if (!result.success) throw new Error(z.prettifyError(result.error));
    return new ParsedStatement(payload, result.data, json as ParsedJson);
  });
}

type ParsedJson = Readonly<Record<string, unknown>>;

/**
 * Lets its parsed JSON go when memory is needed, and parses again when asked: an SBOM weighs several times its text,
 * and statements wait while policies are evaluated on others.
 */
class ParsedStatement implements Statement {
  readonly type: string;
  readonly predicateType: string;
  readonly subject: readonly StatementSubject[];
  readonly payload: Buffer;
  #parsed: WeakRef<ParsedJson>;

  constructor(payload: Buffer, { _type, predicateType, subject }: Head, json: ParsedJson) {
    this.type = _type;
    this.predicateType = predicateType;
    this.subject = subject.map(({ name, digest }) => (name === undefined ? { digest } : { name, digest }));
    this.payload = payload;
    this.#parsed = new WeakRef(json);
  }

  get json(): ParsedJson {
    const known = this.#parsed.deref();
    if (known !== undefined) return known;
    const json = parseJson(this.payload, MAX_STATEMENT_BYTES) as ParsedJson;
    this.#parsed = new WeakRef(json);
    return json;
  }

  get predicate(): unknown {
    return this.json.predicate;
  }
}

/** True when `digest` is a subject of the statement, by the digest's own algorithm. */
export function isSubject(statement: Statement, digest: Digest): boolean {
  const algorithm = digestAlgorithm(digest);
  const hex = digestHex(digest);
  return statement.subject.some(({ digest: by }) => Object.hasOwn(by, algorithm) && by[algorithm] === hex);
}
