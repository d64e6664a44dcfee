// What the benchmark prints.
import type { Cost } from './measure.ts';
import type { Variant } from './release.ts';

export interface Measured extends Variant, Omit<Cost, 'exitCode' | 'output'> {
  readonly tool: 'proofgate' | 'cosign';
  readonly requests: number;
}

const MIB = 1024 * 1024;
const MAX_REQUESTS_PER_COMPONENT = 6;
const MAX_RSS_BYTES = 150 * MIB;
const MAX_WALL_RATIO = 0.1;

const HEADINGS = ['stored as', 'signed by', 'tool', 'requests', '/component', 'wall s', 'CPU s', 'peak MiB'];

/** A line for each run, columns aligned. */
export function renderTable(runs: readonly Measured[], components: number): string {
  const rows = runs.map((run) => [
    run.layout,
    run.signer,
    run.tool,
    String(run.requests),
    (run.requests / components).toFixed(2),
    (run.wallMs / 1000).toFixed(2),
    (run.cpuMs / 1000).toFixed(2),
    (run.peakRssBytes / MIB).toFixed(0),
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const toLine = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return [toLine(HEADINGS), toLine(widths.map((width) => '-'.repeat(width))), ...rows.map(toLine)].join('\n');
}

/** For each way of storing: how we compare with cosign, and whether the aims are met. */
export function renderAims(runs: readonly Measured[], components: number): string {
  const ours = runs.filter(({ tool }) => tool === 'proofgate');
  return ours
    .flatMap((run) => [`${run.layout}, ${run.signer}:`, ...aimsOf(run, findCosign(runs, run), components)])
    .join('\n');
}

function findCosign(runs: readonly Measured[], { layout, signer }: Measured): Measured | undefined {
  return runs.find((run) => run.tool === 'cosign' && run.layout === layout && run.signer === signer);
}

function aimsOf(run: Measured, cosign: Measured | undefined, components: number): readonly string[] {
  const requests = run.requests / components;
  const lines = [
    toAim(`${requests.toFixed(2)} requests a component`, requests <= MAX_REQUESTS_PER_COMPONENT, 'at most 6'),
    toAim(
      `${(run.peakRssBytes / MIB).toFixed(0)} MiB at the peak`,
      run.peakRssBytes < MAX_RSS_BYTES,
      'under 150',
    ),
  ];
  if (cosign === undefined) return lines;
  const wall = run.wallMs / cosign.wallMs;
  return [
    ...lines,
    toAim(`1/${(1 / wall).toFixed(1)} of cosign's wall time`, wall < MAX_WALL_RATIO, 'under a tenth'),
    `  ${(cosign.cpuMs / run.cpuMs).toFixed(1)} times less CPU, ${(cosign.requests / run.requests).toFixed(1)} times fewer requests than cosign`,
  ];
}

function toAim(what: string, isMet: boolean, aim: string): string {
  return `  ${what} (aim: ${aim}): ${isMet ? 'met' : 'MISSED'}`;
}
