// The files that a run was asked to write, each rendered from the one Report.
import { ProofgateError } from './base/errors.ts';
import type { Options } from './options.ts';
import { writeOutputFile } from './output-file.ts';
import { renderJson } from './report/json.ts';
import { renderJunit } from './report/junit.ts';
import type { Report } from './report/report.ts';
import { renderSarif } from './report/sarif.ts';

type OutputName = 'report' | 'junit' | 'sarif';

const RENDERERS: Readonly<Record<OutputName, (report: Report) => string>> = {
  report: renderJson,
  junit: renderJunit,
  sarif: renderSarif,
};

/** What goes to standard output because its path is `-`; undefined when nothing does. */
export function renderStandardOutput(options: Options, report: Report): string | undefined {
  const name = outputNames().find((candidate) => options[candidate] === '-');
  return name === undefined ? undefined : RENDERERS[name](report);
}

/** Writes all, and returns a problem for each that could not be written: a lost report is never silent. */
export function writeResultFiles(options: Options, report: Report): readonly ProofgateError[] {
  return outputNames().flatMap((name) => {
    const path = options[name];
    if (path === undefined || path === '-') return [];
    try {
      writeOutputFile(path, RENDERERS[name](report));
      return [];
    } catch (error) {
      if (error instanceof ProofgateError) return [error];
      throw error;
    }
  });
}

function outputNames(): readonly OutputName[] {
  return ['report', 'junit', 'sarif'];
}
