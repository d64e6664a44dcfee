// Bounding text for places that have a limit.

/** At most `maxLength` UTF-16 units, `…` included where something was cut; never half a surrogate pair. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const end = Math.max(0, maxLength - 1);
  const isLeadSurrogate = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800;
  return maxLength <= 0 ? '' : `${text.slice(0, isLeadSurrogate ? end - 1 : end)}…`;
}

export interface Fitted {
  readonly lines: readonly string[];
  /** How many of the lines given did not fit. */
  readonly leftOut: number;
  /** UTF-8, with a line break for each line. */
  readonly bytes: number;
}

/** The longest head of `lines` that fits into `maxBytes` of UTF-8, a line break each included. */
export function fitLines(lines: Iterable<string>, maxBytes: number): Fitted {
  const kept: string[] = [];
  let bytes = 0;
  let leftOut = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(line) + 1;
    if (leftOut > 0 || bytes + size > maxBytes) {
      leftOut += 1;
      continue;
    }
    kept.push(line);
    bytes += size;
  }
  return { lines: kept, leftOut, bytes };
}

/** What a JSON value may hold at most. */
export interface JsonBounds {
  readonly depth: number;
  /** Values in all lists and objects together. */
  readonly values: number;
  /** UTF-16 units of each text and name. */
  readonly text: number;
}

/** A copy of a JSON value within bounds, `…` in place of what is too deep, the rest of what is too long left out. */
export function cutJson(value: unknown, bounds: JsonBounds): unknown {
  let left = bounds.values;
  const cut = (one: unknown, depth: number): unknown => {
    if (typeof one === 'string') return cutText(one, bounds.text);
    if (typeof one === 'number') return Number.isFinite(one) ? one : null;
    if (typeof one !== 'object' || one === null) return one;
    if (depth === 0) return '…';
    const kept = Object.entries(one).slice(0, Math.max(0, left));
    left -= kept.length;
    const members = kept.map(
      ([name, member]) => [cutText(name, bounds.text), cut(member, depth - 1)] as const,
    );
    return Array.isArray(one) ? members.map(([, member]) => member) : Object.fromEntries(members);
  };
  return cut(value, bounds.depth);
}
