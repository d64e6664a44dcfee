// The base document of a source group: the files of its data sources, merged, and what the run itself has to say. It is
// made as text, so that no number loses a digit on its way to the evaluator.
import { ProofgateError } from '../base/errors.ts';
import { isMapValue } from '../base/exact-number.ts';
import { parseStructuredText } from '../base/structured-text.ts';
import type { PolicyContext } from './loaded-policy.ts';
import type { SourceFile, SourceTree } from './source-tree.ts';

/** Data is the user's own, and large: lists of trusted tasks have some MiB. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;
const MAX_YAML_BYTES = 8 * 1024 * 1024;
const MAX_DATA_BYTES = 128 * 1024 * 1024;
/** What the run writes: data that could set it could choose whom to trust. */
const RESERVED = ['config', 'rule_data__configuration__'];

type Data = Record<string, unknown>;

interface Document {
  readonly name: string;
  readonly value: Data;
}

/**
 * Every map is merged with those of the same place in other files; anything else that two files set is an error, equal
 * values too. Folders make no keys: what a file says is at the top.
 * @returns JSON text
 * @throws ProofgateError `BAD_POLICY`, which names the file, or both
 */
export function mergeData(
  trees: readonly SourceTree[],
  ruleData: Readonly<Data> | undefined,
  context: PolicyContext,
): string {
  const merger = new Merger();
  for (const tree of trees) {
    const files = tree.files.filter(({ path }) => /\.(?:json|ya?ml)$/.test(path));
    if (files.length === 0) throw badData(tree.url, 'it has no data file (.json, .yaml, .yml)');
    for (const file of files) merger.add(parseDocument(tree, file));
  }
  const data: Data = Object.assign(Object.create(null), merger.data, {
    config: {
      policy: { when_ns: JSON.rawJSON(String(context.effectiveTime.ns)) },
      default_sigstore_opts: context.sigstore,
    },
    ...(ruleData === undefined ? {} : { rule_data__configuration__: ruleData }),
  });
  const text = render(data);
  if (Buffer.byteLength(text) <= MAX_DATA_BYTES) return text;
  throw new ProofgateError('BAD_POLICY', `the data of a source group has more than ${MAX_DATA_BYTES} bytes`);
}

function parseDocument(tree: SourceTree, { path, bytes }: SourceFile): Document {
  const name = `${tree.url}: ${path}`;
  const refuse = (why: string) => badData(name, why);
  const maxYamlBytes = path.endsWith('.json') ? 0 : MAX_YAML_BYTES;
  const limits = { maxBytes: MAX_FILE_BYTES, maxYamlBytes };
  const value = parseStructuredText(toText(bytes, refuse), { ...limits, numbers: 'exact', refuse });
  if (!isMapValue(value)) throw refuse('it is no map');
  const reserved = RESERVED.find((key) => Object.hasOwn(value, key));
  if (reserved !== undefined) throw refuse(`it sets ${reserved}, which only Proofgate itself may`);
  return { name, value };
}

/** @throws what `refuse` makes, for what is no UTF-8 */
export function toText(bytes: Buffer, refuse: (why: string) => ProofgateError): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse('it is no UTF-8');
  }
}

class Merger {
  /** Without a prototype: any key may be set. */
  readonly data: Data = Object.create(null);
  readonly #documents: Document[] = [];
  /** Maps that were made here: what was parsed stays as it is, to tell later who had set what. */
  readonly #own = new WeakSet<object>([this.data]);

  add(document: Document): void {
    this.#merge(this.data, document.value, [], document.name);
    this.#documents.push(document);
  }

  #merge(target: Data, source: Data, path: readonly string[], name: string): void {
    for (const [key, value] of Object.entries(source)) {
      const there = target[key];
      if (there === undefined) {
        target[key] = value;
      } else if (isMapValue(there) && isMapValue(value)) {
        const own = this.#toOwn(there);
        target[key] = own;
        this.#merge(own, value, [...path, key], name);
      } else {
        throw this.#clash([...path, key], name);
      }
    }
  }

  #toOwn(map: Data): Data {
    if (this.#own.has(map)) return map;
    const own: Data = Object.assign(Object.create(null), map);
    this.#own.add(own);
    return own;
  }

  #clash(path: readonly string[], name: string): ProofgateError {
    const other = this.#documents.find(({ value }) => isSet(value, path))?.name ?? 'another file';
    const key = JSON.stringify(path.join('.').slice(0, 160));
    return badData(name, `it sets ${key}, which ${other} sets too`);
  }
}

function isSet(value: Data, path: readonly string[]): boolean {
  let at: unknown = value;
  for (const key of path) {
    if (!isMapValue(at) || !Object.hasOwn(at, key)) return !isMapValue(at);
    at = at[key];
  }
  return true;
}

function render(data: Data): string {
  try {
    return JSON.stringify(data);
  } catch (cause) {
    // Nested too deeply for a stack, or longer than a string may be.
    throw new ProofgateError('BAD_POLICY', `the data of a source group cannot be written: ${String(cause)}`, {
      cause,
    });
  }
}

function badData(name: string, why: string): ProofgateError {
  return new ProofgateError('BAD_POLICY', `the policy data ${name}: ${why}`, {
    hint: 'Data files are maps, merged key by key: no two may set the same value.',
  });
}
