// The report as YAML: the same document as in JSON. Every text is in double quotes, so that no reader, of whatever
// version of YAML, takes `no`, `1_000` or a date for anything else than text.
import { Document, isScalar, Scalar, visit } from 'yaml';
import { toDocument } from './document.ts';
import { Entries } from './entries.ts';
import type { Report } from './report.ts';

/** Names that are text without quotes in YAML 1.1 too. */
const PLAIN_NAME = /^(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][\w-]*$/i;
/** Printable for JSON, and refused, or taken for a line break, by readers of YAML (1.1, 5.1 and 5.4). */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** In pieces; the last ends in a line break. */
export function* renderYaml(report: Report): Generator<string> {
  for (const [name, member] of Object.entries(toDocument(report))) {
    if (member instanceof Entries) yield* renderEntries(name, member);
    else yield toYaml({ [name]: member });
  }
}

function* renderEntries(name: string, entries: Entries): Generator<string> {
  let isEmpty = true;
  for (const entry of entries) {
    if (isEmpty) yield `${name}:\n`;
    isEmpty = false;
    yield toYaml([entry]).replaceAll(/^(?=.)/gm, '  ');
  }
  if (isEmpty) yield `${name}: []\n`;
}

function toYaml(value: object): string {
  // Values that are the same object are written out each time: other readers bound aliases, or refuse them.
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && !PLAIN_NAME.test(String(key.value))) key.type = Scalar.QUOTE_DOUBLE;
    },
  });
  const text = document.toString({
    lineWidth: 0,
    defaultStringType: Scalar.QUOTE_DOUBLE,
    defaultKeyType: Scalar.PLAIN,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  });
  return text.replaceAll(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
