// The report as YAML: the same document as in JSON. Written here, for a library takes half a minute for thousands of
// components. Every text is in double quotes, so that no reader, of whatever version of YAML, takes `no`, `1_000` or a
// date for anything else than text.
import { toDocument } from './document.ts';
import { Entries, isBranch } from './entries.ts';
import type { Report } from './report.ts';

/** Names that are text without quotes in YAML 1.1 too. */
const PLAIN_NAME = /^(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][\w-]*$/i;
/** A longer one must be marked as a name (YAML 1.2.2, 7.4.2). */
const MAX_NAME = 1_000;
/** Bare in JSON, and refused, or taken for a line break, by readers of YAML (1.1, 5.1 and 5.4). */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** In pieces; the last ends in a line break. */
export function* renderYaml(report: Report): Generator<string> {
  yield* toMembers(toDocument(report), '', '');
}

/** Lines of an object's members; the first stands behind `lead`, the others behind `indent`. */
function* toMembers(branch: object, lead: string, indent: string): Generator<string> {
  let start = lead;
  for (const [name, member] of Object.entries(branch)) {
    yield `${start}${toName(name, indent)}:`;
    yield* toPieces(member, `${indent}  `);
    start = indent;
  }
}

/** As `toBlock`, in pieces where there are `Entries`. */
function* toPieces(value: unknown, indent: string): Generator<string> {
  if (!(value instanceof Entries)) {
    yield toBlock(value, indent);
    return;
  }
  let isEmpty = true;
  for (const entry of value) {
    if (isEmpty) yield '\n';
    isEmpty = false;
    if (isBranch(entry)) yield* toMembers(entry, `${indent}- `, `${indent}  `);
    else yield toItem(entry, indent);
  }
  if (isEmpty) yield ' []\n';
}

/** What follows `name:` or `-`: a space and a scalar, or lines of their own behind `indent`. Ends in a line break. */
function toBlock(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return ` ${toScalar(value)}\n`;
  if (Array.isArray(value)) {
    return value.length === 0 ? ' []\n' : `\n${value.map((item) => toItem(item, indent)).join('')}`;
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (members.length === 0) return ' {}\n';
  const lines = members.map(
    ([name, member]) => `${indent}${toName(name, indent)}:${toBlock(member, `${indent}  `)}`,
  );
  return `\n${lines.join('')}`;
}

/** `- ` stands where the first line has its indent. */
function toItem(value: unknown, indent: string): string {
  const block = toBlock(value, `${indent}  `);
  return `${indent}-${block.startsWith('\n') ? ` ${block.slice(indent.length + 3)}` : block}`;
}

function toName(name: string, indent: string): string {
  if (PLAIN_NAME.test(name) && name.length <= MAX_NAME) return name;
  const quoted = toScalar(name);
  return quoted.length <= MAX_NAME ? quoted : `? ${quoted}\n${indent}`;
}

/** JSON's scalars are YAML's; half a surrogate pair is not. */
function toScalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return JSON.stringify(value.toWellFormed()).replaceAll(UNPRINTABLE, toEscape);
}

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
