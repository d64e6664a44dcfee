// Numbers that keep all of their digits on the way from text to text: JavaScript's own lose them beyond 2^53.

/** TypeScript does not know them yet (ECMAScript proposal "JSON.parse source text access", in Node since 22). */
declare global {
  interface JSON {
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
  }
}

/**
 * A reviver for `JSON.parse`: a number that JavaScript would write otherwise becomes a frozen object that
 * `JSON.stringify` writes as it was. `source` is
 * only there for values that were not changed meanwhile.
 */
export function exactNumber(
  this: unknown,
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  // Most numbers are written as they were: an object for each of an SBOM's would weigh more than its text.
  return String(value) === context.source ? value : JSON.rawJSON(context.source);
}

/** True for what holds other values: a number that keeps its digits is a leaf, though an object to JavaScript. */
export function isMapValue(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !JSON.isRawJSON(value);
}

const INTEGER = /^[-+]?[0-9][0-9_]*$/;
const BASED_INTEGER = /^([-+]?)(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)$/;
const FLOAT = /^[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?$/;
const NO_JSON_NUMBER = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);
const TRUE = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const FALSE = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);

/**
 * What a plain scalar means to the YAML reader of OPA and Kubernetes (YAML 1.1; times stay text), with exact integers.
 * @throws RangeError for numbers that JSON does not have
 */
export function readPlainScalar(text: string): unknown {
  if (NULL.has(text)) return null;
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  if (NO_JSON_NUMBER.test(text)) throw new RangeError(`${text} is no number of JSON`);
  const plain = text.replaceAll('_', '');
  if (INTEGER.test(text)) return toInteger(plain);
  const [, sign, digits] = BASED_INTEGER.exec(text) === null ? [] : (BASED_INTEGER.exec(plain) ?? []);
  if (digits !== undefined) return JSON.rawJSON(String(sign === '-' ? -BigInt(digits) : BigInt(digits)));
  if (!FLOAT.test(text)) return text;
  const value = Number(plain);
  if (!Number.isFinite(value)) throw new RangeError(`${text.slice(0, 40)} is out of range`);
  return value;
}

/** A leading zero makes it octal, unless its digits are none of that base. */
function toInteger(text: string): object {
  const [, sign, zeros, digits = ''] = /^([-+]?)(0*)(\d*)$/.exec(text) ?? [];
  const isOctal = zeros !== '' && /^[0-7]+$/.test(digits);
  const value = BigInt(isOctal ? `0o${digits}` : digits || '0');
  return JSON.rawJSON(String(sign === '-' ? -value : value));
}
