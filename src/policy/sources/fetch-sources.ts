// Everything that a policy's configuration names, fetched side by side, and merged into what is evaluated.
import { mapBounded } from '../../base/bounded.ts';
import type { PolicySummary } from '../../report/report.ts';
import type { PolicyConfig, SourceGroup } from '../config.ts';
import { mergeData, toText } from '../data.ts';
import type { PolicyModule } from '../engine.ts';
import type { LoadedGroup, LoadedPolicy, PolicyContext } from '../loaded-policy.ts';
import type { SourceTree } from '../source-tree.ts';
import { SourceFetcher } from './source-fetcher.ts';
import { badSource, showUrl } from './source-text.ts';
import { limitsOf, type SourceTools } from './source-tools.ts';

type Trees = ReadonlyMap<string, SourceTree>;

/**
 * Fetches each URL once.
 * @throws ProofgateError `BAD_POLICY`, `POLICY_UNAVAILABLE`, what registry and HTTP client throw, or the reason of `signal`
 */
export async function fetchSources(
  config: PolicyConfig,
  context: PolicyContext,
  tools: SourceTools,
  signal: AbortSignal,
): Promise<LoadedPolicy> {
  const urls = [...new Set(config.sources.flatMap(({ policy, data }) => [...policy, ...data]))];
  const trees = await fetchAll(urls, tools, signal);
  const specJson = JSON.stringify(toPinnedSpec(config, trees));
  return {
    summary: {
      spec: JSON.parse(specJson),
      sources: [...trees.values()].map(({ url, pinned, fingerprint }) => ({ url, pinned, fingerprint })),
    },
    specJson,
    configuration: config.configuration,
    groups: config.sources.map((group) => toLoadedGroup(group, trees, context)),
  };
}

/** One that fails ends the others: nobody will use them. */
async function fetchAll(urls: readonly string[], tools: SourceTools, signal: AbortSignal): Promise<Trees> {
  const fetcher = new SourceFetcher(tools);
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const fetch = async (url: string) => {
    try {
      return await fetcher.fetch(url, either);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const trees = await mapBounded(urls, limitsOf(tools).concurrency, fetch);
  return new Map(trees.map((tree, index) => [urls[index] ?? tree.url, tree]));
}

function toLoadedGroup(group: SourceGroup, trees: Trees, context: PolicyContext): LoadedGroup {
  const { name, config, volatileConfig, ruleData } = group;
  const modules = select(group.policy, trees).flatMap(toModules);
  const data = mergeData(select(group.data, trees), ruleData, context);
  return { name, config, volatileConfig, program: { modules, data } };
}

/** A URL that a group names twice counts once. */
function select(urls: readonly string[], trees: Trees): readonly SourceTree[] {
  return [...new Set(urls)].flatMap((url) => trees.get(url) ?? []);
}

function toModules({ url, files }: SourceTree): readonly PolicyModule[] {
  const modules = files
    .filter(({ path }) => path.endsWith('.rego'))
    .map(({ path, bytes }) => {
      const name = `${url}//${path}`;
      return { path: name, text: toText(bytes, (why) => badSource(url, `${path}: ${why}`)) };
    });
  if (modules.length > 0) return modules;
  throw badSource(url, 'it has no Rego', 'A policy source has .rego files; data belongs to `data`.');
}

/** The spec of a policy whose sources could not be had, for the report: their URLs as they may be printed. */
export function toShownSpec(config: PolicyConfig): PolicySummary['spec'] {
  const show = (url: unknown) => (typeof url === 'string' ? showUrl(url) : url);
  return JSON.parse(JSON.stringify(withUrls(config, show)));
}

function toPinnedSpec(config: PolicyConfig, trees: Trees): unknown {
  return withUrls(config, (url) => trees.get(String(url))?.pinned ?? url);
}

function withUrls({ spec }: PolicyConfig, replace: (url: unknown) => unknown): unknown {
  if (!Array.isArray(spec.sources)) return spec;
  const toReplaced = (source: Readonly<Record<string, unknown>>) => ({
    ...source,
    ...(Array.isArray(source.policy) ? { policy: source.policy.map(replace) } : {}),
    ...(Array.isArray(source.data) ? { data: source.data.map(replace) } : {}),
  });
  return { ...spec, sources: spec.sources.map(toReplaced) };
}
