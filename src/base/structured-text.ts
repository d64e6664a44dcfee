// Text that a user wrote → a value: JSON or YAML, bounded, every key once. What the value means is not known here.
import { type Document, isMap, isScalar, parseDocument, visit } from 'yaml';
import { ProofgateError } from './errors.ts';
import { exactNumber, readPlainScalar } from './exact-number.ts';

export interface TextRules {
  readonly maxBytes: number;
  /** As YAML: its parser needs up to a thousand times the memory of the text. 0: JSON only. */
  readonly maxYamlBytes: number;
  /**
   * `native`: JavaScript's numbers, YAML 1.2. `exact`: numbers keep all of their digits (see exact-number.ts), and YAML's
   * plain scalars mean what they mean to Go's reader.
   */
  readonly numbers: 'native' | 'exact';
  /**
   * `go`: for what strangers wrote, as Go's readers take it: of equal keys the last, of several documents the first, and
   * YAML of any kind. Otherwise these are errors, or undefined.
   */
  readonly reader?: 'go';
  /** Makes the error; `why` continues "…: ". `isLimit`: another reader may well read it. */
  readonly refuse: (why: string, isLimit?: boolean) => ProofgateError;
}

/** Aliases multiply: a few lines of them make a value of any size. */
const MAX_ALIASES = 100;

/**
 * Undefined when it is YAML, no map, and not for `go`.
 * @throws what `refuse` makes
 */
export function parseStructuredText(content: string, rules: TextRules): unknown {
  const { maxBytes, maxYamlBytes, refuse } = rules;
  const length = Buffer.byteLength(content);
  if (length > maxBytes) throw refuse(`it is longer than ${maxBytes} bytes`);
  try {
    const json = parseJson(content, rules);
    if (json !== undefined) return json;
    if (maxYamlBytes > 0 && length <= maxYamlBytes) return parseYaml(content, rules);
  } catch (error) {
    if (error instanceof ProofgateError) throw error;
    // Too many aliases, or nested too deeply for a stack.
    const message = error instanceof Error ? error.message : String(error);
    const isLimit = error instanceof RangeError || message.startsWith('Excessive alias count');
    throw refuse(`it cannot be read: ${message}`, isLimit);
  }
  if (maxYamlBytes === 0) throw refuse('it is no JSON');
  throw refuse(`it is no JSON, and longer than the ${maxYamlBytes} bytes that are read as YAML`);
}

function parseJson(content: string, { numbers, reader, refuse }: TextRules): unknown {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    return undefined;
  }
  // JSON.parse takes the last of them: another reader of this file may take the first.
  const key = reader === 'go' ? undefined : findDuplicateKey(content);
  if (key !== undefined) throw refuse(`it has the key ${JSON.stringify(key)} twice in one object`);
  return numbers === 'native' ? value : JSON.parse(content, exactNumber);
}

/** A key that one object has twice. `json` is valid: only strings, and what opens and closes, matter. */
export function findDuplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, string, colon] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    if (string === undefined || colon === undefined) continue;
    const key = String(JSON.parse(string));
    if (open.at(-1)?.has(key)) return key;
    open.at(-1)?.add(key);
  }
  return undefined;
}

function parseYaml(content: string, { numbers, reader, refuse }: TextRules): unknown {
  // The parser's own check of keys, and its pretty errors, take time that grows with the square of the text.
  // With `silent` it would not even say that it left documents out.
  const options = { logLevel: 'error', uniqueKeys: false, prettyErrors: false } as const;
  const isExact = numbers === 'exact';
  const exact = isExact ? ({ schema: 'failsafe', resolveKnownTags: false, merge: true } as const) : {};
  const document = parseDocument(content, { ...options, ...exact });
  // To the failsafe schema, a tag that it does not know is only a warning: the value would be text.
  const isGo = reader === 'go';
  const isError = ({ code }: { code: string }) => !(isGo && code === 'MULTIPLE_DOCS');
  const error = document.errors.find(isError) ?? (isExact ? document.warnings[0] : undefined);
  if (error !== undefined) {
    const line = content.slice(0, error.pos[0]).split('\n').length;
    throw refuse(`it is neither JSON nor YAML: ${error.message} (line ${line})`);
  }
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        const text = isScalar(key) ? String(key.value) : undefined;
        if (text === undefined) throw refuse('it has a key that is no text');
        if (keys.has(text) && !isGo)
          throw refuse(`it has the key ${JSON.stringify(text)} twice in one object`);
        keys.add(text);
      }
    },
  });
  if (isExact) readPlainScalars(document, refuse);
  return isGo || isMap(document.contents) ? document.toJS({ maxAliasCount: MAX_ALIASES }) : undefined;
}

function readPlainScalars(document: Document.Parsed, refuse: TextRules['refuse']): void {
  visit(document, {
    Scalar(position, scalar) {
      // Keys are text as they stand there.
      if (position === 'key' || scalar.type !== 'PLAIN' || scalar.tag !== undefined) return;
      try {
        scalar.value = readPlainScalar(String(scalar.value));
      } catch (error) {
        throw refuse(error instanceof RangeError ? error.message : String(error));
      }
    },
  });
}
