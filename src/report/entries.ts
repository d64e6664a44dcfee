// Documents that may be longer than a string can be (V8: 512 MiB): a tree of plain JSON values in which long lists are
// `Entries`. Their text comes in pieces, so that thousands of components are never in memory twice.

/** A long list, each entry converted when its text is made. */
export class Entries implements Iterable<object> {
  readonly #convertAll: () => Generator<object>;

  constructor(convertAll: () => Generator<object>) {
    this.#convertAll = convertAll;
  }

  static of<T>(items: readonly T[], convert: (item: T) => object): Entries {
    return new Entries(function* () {
      for (const item of items) yield convert(item);
    });
  }

  [Symbol.iterator](): Generator<object> {
    return this.#convertAll();
  }
}

/** An object that has `Entries` as a member; everything else is a leaf, written at once. */
export function isBranch(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((member) => member instanceof Entries);
}

/** JSON text, two spaces a level, as `JSON.stringify` would write it; no line break at the end. */
export function* toJsonPieces(value: unknown, indent = ''): Generator<string> {
  const inner = `${indent}  `;
  if (value instanceof Entries) {
    let separator = '[\n';
    for (const entry of value) {
      yield separator + inner;
      yield* toJsonPieces(entry, inner);
      separator = ',\n';
    }
    yield separator === '[\n' ? '[]' : `\n${indent}]`;
  } else if (isBranch(value)) {
    let separator = '{\n';
    for (const [name, member] of Object.entries(value)) {
      yield `${separator}${inner}${JSON.stringify(name)}: `;
      yield* toJsonPieces(member, inner);
      separator = ',\n';
    }
    yield `\n${indent}}`;
  } else {
    // No string in JSON text holds a bare line break: those found are between values.
    yield JSON.stringify(value, null, 2).replaceAll('\n', `\n${indent}`);
  }
}
