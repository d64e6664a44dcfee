// The documents that a run was asked for, each rendered from the one Report.
import { ProofgateError } from './base/errors.ts';
import { writeOutputFile } from './output-file.ts';
import type { OutputOptions } from './output-options.ts';
import { type Destination, type OutputRequest, renderOutput } from './report/formats.ts';
import type { Report } from './report/report.ts';

const NO_COLOR: Destination = { color: false };

/** What goes to standard output, in pieces, because its path is `-`; undefined when nothing does. */
export function renderStandardOutput(
  options: OutputOptions,
  report: Report,
  terminal: Destination = NO_COLOR,
): Iterable<string> | undefined {
  const request = requestsOf(options).find(({ path }) => path === '-');
  return request === undefined ? undefined : renderOutput(request.format, report, terminal);
}

/** Writes all, and returns a problem for each that could not be written: a lost report is never silent. */
export function writeResultFiles(options: OutputOptions, report: Report): readonly ProofgateError[] {
  return requestsOf(options).flatMap(({ format, path }) => {
    if (path === '-') return [];
    try {
      writeOutputFile(path, renderOutput(format, report, NO_COLOR));
      return [];
    } catch (error) {
      if (error instanceof ProofgateError) return [error];
      throw error;
    }
  });
}

function requestsOf({ report, junit, sarif, output }: OutputOptions): readonly OutputRequest[] {
  const named = { json: report, junit, sarif };
  const formats = ['json', 'junit', 'sarif'] as const;
  return [
    ...formats.flatMap((format) => {
      const path = named[format];
      return path === undefined ? [] : [{ format, path }];
    }),
    ...output,
  ];
}
