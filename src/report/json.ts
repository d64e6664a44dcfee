// The report as JSON.
import { toDocument } from './document.ts';
import { toJsonPieces } from './entries.ts';
import type { Report } from './report.ts';

/** In pieces; the last ends in a line break. */
export function* renderJson(report: Report): Generator<string> {
  yield* toJsonPieces(toDocument(report));
  yield '\n';
}
