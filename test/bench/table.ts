// What the benchmark prints.
import type { CacheRun } from './cache-runs.ts';
import type { Cost } from './measure.ts';
import type { PolicyMeasures, PolicyRun } from './policy-runs.ts';
import type { Variant } from './release.ts';

export interface Measured extends Variant, Omit<Cost, 'exitCode' | 'output'> {
  readonly tool: 'proofgate' | 'cosign';
  readonly requests: number;
}

const MIB = 1024 * 1024;
const MAX_REQUESTS_PER_COMPONENT = 6;
const MAX_RSS_BYTES = 150 * MIB;
const MAX_WALL_RATIO = 0.1;
/** How many times faster a warm run is: with keyless signatures the cryptography is all there is. */
const MIN_SPEED_UP = { key: 20, keyless: 5 } as const;

/** A line for each run, columns aligned. */
export function renderTable(runs: readonly Measured[], components: number): string {
  const headings = [
    'stored as',
    'signed by',
    'tool',
    'requests',
    '/component',
    'wall s',
    'CPU s',
    'peak MiB',
  ];
  const rows = runs.map((run) => [
    run.layout,
    run.signer,
    run.tool,
    String(run.requests),
    (run.requests / components).toFixed(2),
    toSeconds(run.wallMs),
    toSeconds(run.cpuMs),
    toMib(run.peakRssBytes),
  ]);
  return renderColumns(headings, rows);
}

/** As `renderTable`, for runs with a proof cache: how many times faster than the cold one each is, by its own time. */
export function renderCacheTable(runs: readonly CacheRun[]): string {
  const headings = [
    'stored as',
    'signed by',
    'run',
    'requests',
    'wall s',
    'run s',
    'CPU s',
    'peak MiB',
    'cold : it',
  ];
  const rows = runs.map((run) => [
    run.layout,
    run.signer,
    run.name,
    String(run.requests),
    toSeconds(run.wallMs),
    toSeconds(run.runMs),
    toSeconds(run.cpuMs),
    toMib(run.peakRssBytes),
    speedUp(runs, run).toFixed(1),
  ]);
  return renderColumns(headings, rows);
}

/** A line for each run with a policy, and below it what they say together. */
export function renderPolicies({ runs, taskBundles }: PolicyMeasures): string {
  const headings = ['run', '', '', 'requests', 'wall s', 'run s', 'CPU s', 'peak MiB', 'components/s'];
  const rows = runs.map((run) => [
    run.name,
    `${run.components} components`,
    '',
    String(run.requests),
    toSeconds(run.wallMs),
    toSeconds(run.runMs),
    toSeconds(run.cpuMs),
    toMib(run.peakRssBytes),
    ((run.components * 1000) / run.runMs).toFixed(1),
  ]);
  return `${renderColumns(headings, rows)}\n\n${summarizePolicies(runs, taskBundles)}`;
}

function summarizePolicies(runs: readonly PolicyRun[], taskBundles: number): string {
  const [none, cold, alone, aloneWithout, one, two] = (
    ['no policy', 'cold', 'alone', 'alone, no policy', 'one thread', 'two threads'] as const
  ).map((name) => runs.find((run) => run.name === name));
  if (!none || !cold || !alone || !aloneWithout || !one || !two) throw new Error('a run is missing');
  const shared = cold.requests - none.requests;
  const single = alone.requests - aloneWithout.requests;
  return [
    `requests that the policy caused for ${cold.components} components that share ${taskBundles} task bundles: ${shared};`,
    `  without sharing, ${single} for one component alone, times ${cold.components}: ${single * cold.components}`,
    `start of the engine, compilation and one evaluation: ${toSeconds(alone.runMs - aloneWithout.runMs)} s`,
    `memory of the engine: ${toMib(one.peakRssBytes - none.peakRssBytes)} MiB with one thread, ${toMib(two.peakRssBytes - one.peakRssBytes)} MiB for the second`,
  ].join('\n');
}

export function renderCacheAims(runs: readonly CacheRun[]): string {
  return runs
    .filter(({ name }) => name === 'warm')
    .flatMap((warm) => {
      const [ratio, aim] = [speedUp(runs, warm), MIN_SPEED_UP[warm.signer]];
      return [
        `warm, ${warm.layout}, ${warm.signer}:`,
        toAim(`${ratio.toFixed(1)} times faster than cold`, ratio >= aim, `at least ${aim}`),
        toAim(`${warm.requests} requests`, warm.requests === 0, 'none'),
      ];
    })
    .join('\n');
}

/** For each way of storing: how we compare with cosign, and whether the aims are met. */
export function renderAims(runs: readonly Measured[], components: number): string {
  const ours = runs.filter(({ tool }) => tool === 'proofgate');
  return ours
    .flatMap((run) => [`${run.layout}, ${run.signer}:`, ...aimsOf(run, findCosign(runs, run), components)])
    .join('\n');
}

function renderColumns(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const toLine = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return [toLine(headings), toLine(widths.map((width) => '-'.repeat(width))), ...rows.map(toLine)].join('\n');
}

function speedUp(runs: readonly CacheRun[], run: CacheRun): number {
  const cold = runs.find((other) => other.name === 'cold' && isSameVariant(other, run));
  return (cold?.runMs ?? Number.NaN) / run.runMs;
}

function findCosign(runs: readonly Measured[], run: Measured): Measured | undefined {
  return runs.find((other) => other.tool === 'cosign' && isSameVariant(other, run));
}

function isSameVariant(one: Variant, other: Variant): boolean {
  return one.layout === other.layout && one.signer === other.signer;
}

function aimsOf(run: Measured, cosign: Measured | undefined, components: number): readonly string[] {
  const requests = run.requests / components;
  const lines = [
    toAim(`${requests.toFixed(2)} requests a component`, requests <= MAX_REQUESTS_PER_COMPONENT, 'at most 6'),
    toAim(`${toMib(run.peakRssBytes)} MiB at the peak`, run.peakRssBytes < MAX_RSS_BYTES, 'under 150'),
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

function toSeconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function toMib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}
