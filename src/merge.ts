// The reports of a release's shards → the one report of the release. It vouches for nothing that it cannot see: what is
// missing, or does not fit, is an error and never a report with less in it.
import { ProofgateError } from './base/errors.ts';
import { formatShard, imagesOfShard, type Shard } from './base/shard.ts';
import { mergeCaches, mergeTaskBundles, mergeUsages, mergeWarnings } from './merge-parts.ts';
import { badReport } from './report/parse.ts';
import {
  type ComponentResult,
  countOutcomes,
  type Report,
  type ShardSummary,
  worstOutcome,
} from './report/report.ts';
import { fingerprintImages } from './shard-summary.ts';

/** A report, and what errors call it. */
export interface NamedReport {
  readonly name: string;
  readonly report: Report;
}

interface ShardReport extends NamedReport {
  readonly shard: ShardSummary;
}

/**
 * One report of all shards, in the order of shards. Its result is the worst of theirs.
 * @param version of this program: reports of another one are not merged
 * @throws ProofgateError `BAD_REPORT`: they are not the reports of one release's shards; `SHARDS_DISAGREE`: one is missing,
 *   or they saw different things
 */
export function mergeReports(given: readonly NamedReport[], version: string): Report {
  const shards = given
    .map((one) => toShardReport(one, version))
    .toSorted((a, b) => a.shard.index - b.shard.index);
  const [first] = shards;
  if (first === undefined) throw disagree('there is no report to merge');
  for (const other of shards) assertSameRelease(first, other);
  assertComplete(shards, first.shard);
  assertSameConditions(shards);
  assertOwnComponents(shards, first.shard);
  return compose(shards, first);
}

function toShardReport({ name, report }: NamedReport, version: string): ShardReport {
  const { shard } = report;
  if (report.version !== version) {
    throw badReport(name, `Proofgate ${report.version.slice(0, 40)} wrote it, and this is ${version}`);
  }
  if (shard === undefined) throw badReport(name, 'it is of no shard, but of a whole release');
  return { name, report, shard };
}

function assertSameRelease(first: ShardReport, { name, shard }: ShardReport): void {
  const differs = (['count', 'of', 'snapshot', 'settings'] as const).find(
    (key) => shard[key] !== first.shard[key],
  );
  if (differs === undefined) return;
  const what = {
    count: 'of another number of shards',
    of: 'of another snapshot',
    snapshot: 'of another snapshot',
  };
  const why = differs === 'settings' ? 'made with other options' : what[differs];
  throw badReport(name, `it is ${why} than ${first.name}`);
}

function assertComplete(shards: readonly ShardReport[], { count }: Shard): void {
  const byIndex = Map.groupBy(shards, ({ shard }) => shard.index);
  for (const [index, [one, other]] of byIndex) {
    if (one === undefined || other === undefined) continue;
    throw badReport(other.name, `it is of shard ${formatShard({ index, count })}, and so is ${one.name}`);
  }
  const all = Array.from({ length: count }, (_, position) => position + 1);
  const missing = all.filter((index) => !byIndex.has(index)).map((index) => formatShard({ index, count }));
  if (missing.length === 0) return;
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : '';
  throw disagree(
    `there is no report of shard ${missing.slice(0, 5).join(', ')}${more}`,
    'Run the shards that are missing, and merge again.',
  );
}

/** Whoever knows keys, policy, release or trust root knows the same; who does not has verified nothing by them. */
function assertSameConditions(shards: readonly ShardReport[]): void {
  const conditions: readonly {
    what: string;
    of: (one: ShardReport) => string | undefined;
    isNeeded: (one: ShardReport) => boolean;
  }[] = [
    { what: 'keys or policy', of: ({ shard }) => shard.pins, isNeeded: () => true },
    {
      what: 'components, as policies see them,',
      of: ({ shard }) => shard.release,
      isNeeded: ({ report }) => report.policy !== undefined && hasRules(report),
    },
    { what: 'trust root', of: ({ report }) => report.trust.fingerprint, isNeeded: () => false },
  ];
  for (const { what, of, isNeeded } of conditions) {
    const known = shards.filter((one) => of(one) !== undefined);
    const other = known.find((one) => of(one) !== of(known[0] as ShardReport));
    const blind = shards.find((one) => of(one) === undefined && isNeeded(one) && hasVerified(one));
    const wrong = other ?? blind;
    if (wrong === undefined) continue;
    throw disagree(
      `the ${what} of ${wrong.name} are not those of ${(known[0] ?? shards[0])?.name}`,
      'Something changed between the runs of the shards: name the policy by digest, and run all of them again.',
    );
  }
}

function hasVerified({ report }: ShardReport): boolean {
  return countOutcomes(report.components).verified > 0;
}

/** False for a policy without sources: nobody looked at the release as a whole then. */
function hasRules({ policy }: Report): boolean {
  return (policy?.sources.length ?? 0) > 0;
}

/** Each has all components that are its own, and no other, by the rule that decided it; together they are the snapshot. */
function assertOwnComponents(shards: readonly ShardReport[], { snapshot }: ShardSummary): void {
  const images = shards.map(({ report }) => rootsOf(report));
  const all = images.flat();
  const wrong = shards.find(({ shard }, position) => {
    const own = images[position] ?? [];
    const expected = imagesOfShard(all, shard);
    return (
      own.length !== shard.components || own.length !== expected.size || own.some((one) => !expected.has(one))
    );
  });
  if (wrong !== undefined) throw disagree(`${wrong.name} has not the components of its shard`);
  if (fingerprintImages(all) !== snapshot)
    throw disagree('the components of the reports are not those of the snapshot');
}

/** Of the snapshot: children of an index are its own. */
function rootsOf({ components }: Report): readonly string[] {
  return components.flatMap(({ containerImage, index }) => (index === undefined ? [containerImage] : []));
}

function compose(shards: readonly ShardReport[], first: ShardReport): Report {
  const reports = shards.map(({ report }) => report);
  const components = reports.flatMap((report) => report.components);
  assertOneOutcome(components);
  const informed = shards.find(({ shard }) => shard.pins !== undefined) ?? first;
  const { policy, key } = informed.report;
  const trust = reports.find((report) => report.trust.fingerprint !== undefined)?.trust ?? first.report.trust;
  const cache = mergeCaches(reports, components.length);
  return {
    version: first.report.version,
    result: worstOutcome(components.map(({ outcome }) => outcome)),
    startedAt: earliest(reports.map(({ startedAt }) => startedAt)),
    // Each shard has its own when it is the moment of its run.
    effectiveTime: earliest(reports.map(({ effectiveTime }) => effectiveTime)),
    ...(policy === undefined ? {} : { policy }),
    components,
    taskBundles: mergeTaskBundles(reports),
    warnings: mergeWarnings(reports),
    key,
    trust,
    usage: mergeUsages(reports.map(({ usage }) => usage)),
    ...(cache === undefined ? {} : { cache }),
  };
}

/** An image may be there twice, as a component and as the child of an index. */
function assertOneOutcome(components: readonly ComponentResult[]): void {
  const seen = new Map<string, ComponentResult>();
  for (const component of components) {
    const id = JSON.stringify([component.name, component.containerImage]);
    const other = seen.get(id);
    if (other !== undefined && other.outcome !== component.outcome) {
      throw disagree(
        `${JSON.stringify(component.name.slice(0, 160))} is ${other.outcome} in one report and ${component.outcome} in another`,
      );
    }
    seen.set(id, component);
  }
}

function earliest(times: readonly string[]): string {
  return times.reduce((one, other) => (Date.parse(other) < Date.parse(one) ? other : one));
}

/** Nobody can say what holds for the release. */
export function disagree(
  why: string,
  hint = 'Run all shards again, on the same snapshot and with the same options.',
): ProofgateError {
  return new ProofgateError('SHARDS_DISAGREE', why, { hint });
}
