// The outputs by name: Conforma's names where the thing is the same. Each is rendered from the one Report.
import { ProofgateError } from '../base/errors.ts';
import { renderAppstudio } from './appstudio.ts';
import { renderComponentText } from './component-text.ts';
import { renderJson } from './json.ts';
import { renderJunit } from './junit.ts';
import { renderPolicyInput } from './policy-input.ts';
import type { Report } from './report.ts';
import { renderSarif } from './sarif.ts';
import { renderSummary } from './summary.ts';
import { renderYaml } from './yaml.ts';

/** What a renderer may know of where its text goes. */
export interface Destination {
  /** It is a terminal that shows colours. */
  readonly color: boolean;
}

/** In pieces, so that no document has to fit into one string; the last ends in a line break. */
type Renderer = (report: Report, destination: Destination) => Iterable<string>;

const RENDERERS = {
  json: renderJson,
  yaml: renderYaml,
  text: (report, { color }) => renderComponentText(report, { color }),
  appstudio: (report) => [renderAppstudio(report)],
  'summary-markdown': (report) => [renderSummary(report)],
  junit: renderJunit,
  sarif: (report) => renderSarif(report),
  'policy-input': renderPolicyInput,
} as const satisfies Readonly<Record<string, Renderer>>;

export type OutputFormat = keyof typeof RENDERERS;

/** In the order in which help and documentation list them. */
export const OUTPUT_FORMATS = Object.keys(RENDERERS) as readonly OutputFormat[];

/** One document that the user wants. */
export interface OutputRequest {
  readonly format: OutputFormat;
  /** A file, or `-` for standard output. */
  readonly path: string;
}

/**
 * Reads `FORMAT` or `FORMAT=FILE`; without a file it is standard output.
 * @throws ProofgateError `BAD_OPTION`
 */
export function parseOutputRequest(text: string): OutputRequest {
  const [, name = '', path] = /^([^=]*)(?:=(.*))?$/s.exec(text.trim()) ?? [];
  const format = OUTPUT_FORMATS.find((candidate) => candidate === name);
  if (format === undefined) {
    throw new ProofgateError('BAD_OPTION', `unknown output format ${JSON.stringify(name)}`, {
      hint: `Write FORMAT=FILE with one of ${OUTPUT_FORMATS.join(', ')}.`,
    });
  }
  if (path === '') {
    throw new ProofgateError('BAD_OPTION', `the output ${JSON.stringify(text)} names no file`, {
      hint: `Write ${format}=FILE, or ${format} alone for standard output.`,
    });
  }
  const settings = /\?[a-z][a-z-]*=[^/]*$/.exec(path ?? '');
  if (settings !== null) {
    throw new ProofgateError('BAD_OPTION', `the output ${JSON.stringify(text)} has settings after its file`, {
      hint: `Leave out ${JSON.stringify(settings[0])}: every output says all that it can.`,
    });
  }
  return { format, path: path ?? '-' };
}

/** The document in pieces; the last ends in a line break. */
export function renderOutput(
  format: OutputFormat,
  report: Report,
  destination: Destination,
): Iterable<string> {
  return RENDERERS[format](report, destination);
}
