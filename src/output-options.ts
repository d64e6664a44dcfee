// Which documents are wanted, from their raw options.
import { resolve } from 'node:path';
import type { OptionName, Surface } from './options/option-list.ts';
import type { OptionReader } from './options/option-reader.ts';
import { quote } from './options/values.ts';
import { type OutputRequest, parseOutputRequest } from './report/formats.ts';

/** Paths to write; `-` is standard output (command only). */
export interface OutputOptions {
  readonly report: string | undefined;
  readonly junit: string | undefined;
  readonly sarif: string | undefined;
  readonly output: readonly OutputRequest[];
}

/** Problems go to the reader. */
export function readOutputs(reader: OptionReader, surface: Surface): OutputOptions {
  const names = ['report', 'junit', 'sarif'] as const satisfies readonly OptionName[];
  const [report, junit, sarif] = names.map((name) => reader.text(name));
  const output = reader
    .list('output')
    .flatMap(({ text, where }) => reader.attempt(where, () => parseOutputRequest(text)) ?? []);
  const seen = new Set<string>();
  for (const path of [report, junit, sarif, ...output.map((request) => request.path)]) {
    if (path === undefined) continue;
    const place = path === '-' ? path : resolve(path);
    if (seen.has(place)) reader.add('BAD_OPTION', `two outputs would be written to ${quote(path)}`);
    if (path === '-' && surface === 'action') reader.add('BAD_OPTION', 'an output must be a file, not "-"');
    seen.add(place);
  }
  return { report, junit, sarif, output };
}
