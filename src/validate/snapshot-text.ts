// The text of a snapshot → a value: JSON or YAML, bounded, every key once. What the value means is not known here.
import { isMap, isScalar, parseDocument, visit } from 'yaml';
import { ProofgateError } from '../base/errors.ts';

/** A snapshot's text is at most this long. */
export const MAX_SNAPSHOT_BYTES = 10 * 1024 * 1024;
/** As YAML: its parser needs up to a thousand times the memory of the text. */
export const MAX_YAML_BYTES = 1024 * 1024;
/** Aliases multiply: a few lines of them make a value of any size. */
const MAX_ALIASES = 100;

/** @throws ProofgateError `BAD_SNAPSHOT` */
export function parseSnapshotText(content: string): unknown {
  const length = Buffer.byteLength(content);
  if (length > MAX_SNAPSHOT_BYTES) throw badSnapshot(`it is longer than ${MAX_SNAPSHOT_BYTES} bytes`);
  try {
    const json = parseJson(content);
    if (json !== undefined) return json;
    if (length <= MAX_YAML_BYTES) return parseYaml(content);
  } catch (error) {
    if (error instanceof ProofgateError) throw error;
    // Too many aliases, or nested too deeply for a stack.
    throw badSnapshot(`it cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw badSnapshot(`it is no JSON, and longer than the ${MAX_YAML_BYTES} bytes that are read as YAML`);
}

/** Every problem of a snapshot says what one looks like. */
export function badSnapshot(message: string): ProofgateError {
  return new ProofgateError('BAD_SNAPSHOT', message, {
    hint: 'A snapshot is {"components": [{"name": …, "containerImage": …}]}, bare or under "spec".',
  });
}

function parseJson(content: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return undefined;
  }
  // JSON.parse takes the last of them: another reader of this file may take the first.
  const key = findDuplicateKey(content);
  if (key !== undefined) throw badSnapshot(`it has the key ${JSON.stringify(key)} twice in one object`);
  return value;
}

/** `json` is valid: only strings, and what opens and closes, matter. */
function findDuplicateKey(json: string): string | undefined {
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

function parseYaml(content: string): unknown {
  // The parser's own check of keys, and its pretty errors, take time that grows with the square of the text.
  const options = { logLevel: 'silent', uniqueKeys: false, prettyErrors: false } as const;
  const document = parseDocument(content, options);
  const [error] = document.errors;
  if (error !== undefined) {
    const line = content.slice(0, error.pos[0]).split('\n').length;
    throw badSnapshot(`it is neither JSON nor YAML: ${error.message} (line ${line})`);
  }
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        const text = isScalar(key) ? String(key.value) : undefined;
        if (text === undefined) throw badSnapshot('it has a key that is no text');
        if (keys.has(text)) throw badSnapshot(`it has the key ${JSON.stringify(text)} twice in one object`);
        keys.add(text);
      }
    },
  });
  return isMap(document.contents) ? document.toJS({ maxAliasCount: MAX_ALIASES }) : undefined;
}
