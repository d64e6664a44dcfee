// `proofgate merge REPORT…`, and the action's `merge`: one report, and one exit code, from the reports of a release's shards.
import { ProofgateError } from './base/errors.ts';
import { mergeReports } from './merge.ts';
import type { Surface } from './options/option-list.ts';
import { OptionReader, type RawOptions } from './options/option-reader.ts';
import { type OutputOptions, readOutputs } from './output-options.ts';
import type { Report } from './report/report.ts';
import { readReports } from './report-files.ts';

export type Merged =
  | {
      readonly ok: true;
      readonly report: Report;
      readonly options: OutputOptions & { readonly strict: boolean };
    }
  /** Not one report is believed then. */
  | { readonly ok: false; readonly problems: readonly ProofgateError[] };

/** Reads and merges what `merge` names; never throws for what is wrong with options and reports. */
export function runMergeCommand(raw: RawOptions, version: string, surface: Surface): Merged {
  const reader = new OptionReader(raw, surface);
  const paths = reader.list('merge').map(({ text }) => text);
  const options = { ...readOutputs(reader, surface), strict: reader.boolean('strict') };
  for (const name of ['images', 'snapshot', 'shard', 'policy'] as const) {
    if (reader.isGiven(name))
      reader.add('BAD_OPTION', `${reader.label(name)} is given with ${reader.label('merge')}`);
  }
  if (options.output.some(({ format }) => format === 'policy-input')) {
    reader.add(
      'BAD_OPTION',
      'reports do not hold what policies were evaluated on',
      'Ask each shard for policy-input.',
    );
  }
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems };
  try {
    return { ok: true, report: mergeReports(readReports(paths), version), options };
  } catch (error) {
    if (error instanceof ProofgateError) return { ok: false, problems: [error] };
    throw error;
  }
}
