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
