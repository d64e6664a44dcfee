// Numbers and outcomes in words, the same in every readable output.
import { formatShard } from '../base/shard.ts';
import { labelOf, titleOf } from './checks.ts';
import {
  type ComponentResult,
  countOutcomes,
  type Outcome,
  type RegistryUsage,
  type Report,
  type SignatureSummary,
} from './report.ts';

/** What a reader's eye looks for in a summary. */
export const OUTCOME_MARKS: Readonly<Record<Outcome | 'collected', string>> = {
  verified: '✅',
  rejected: '❌',
  undetermined: '⚠️',
  collected: '▫️',
};

/** Most severe first. */
export const OUTCOMES: readonly Outcome[] = ['rejected', 'undetermined', 'verified'];

export function renderCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${groupDigits(count)} ${count === 1 ? singular : plural}`;
}

/** `1,234,567`, without the languages of the world, which take longer to load than a report to render. */
function groupDigits(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Powers of 1024, such as `1.4 MiB`. */
export function renderBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Such as `850 ms`, `12.3 s`, `4 min 05 s` or `23 h 10 min`. */
export function renderDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** How many proofs came from the cache, how old they are, and what that saved; '' when no proofs are kept. */
export function renderCacheUse({ cache, components, effectiveTime }: Report): string {
  if (cache === undefined) return '';
  const ageMs = Date.parse(effectiveTime) - Date.parse(cache.oldestListedAt ?? effectiveTime);
  const age =
    cache.oldestListedAt === undefined
      ? ''
      : ` (the oldest listed ${renderDuration(Math.max(0, ageMs))} ago)`;
  const whose = `proofs of ${cache.components} of ${renderCount(components.length, 'component')} from the cache`;
  return `${whose}${age}, all verified again; ${renderCount(cache.savedRequests, 'request')} saved`;
}

/**
 * The one sentence to read first, such as `2 of 12 components rejected, 1 undetermined, 9 verified`. That of a shard
 * begins with which one it is: it does not speak for the release.
 */
export function renderHeadline({ shard, components }: Pick<Report, 'components' | 'shard'>): string {
  if (shard === undefined) return renderCounts(components);
  const name = `shard ${formatShard(shard)}`;
  const all = renderCount(shard.of, 'component');
  return shard.components === 0
    ? `${name} has none of ${all}`
    : `${name} of ${all}: ${renderCounts(components)}`;
}

function renderCounts(components: Report['components']): string {
  const total = components.length;
  if (total === 0) return 'no component was looked at';
  const counts = countOutcomes(components);
  if (counts.verified === total)
    return `${total === 1 ? 'the only component is' : `all ${total} components`} verified`;
  const [first, ...rest] = OUTCOMES.filter((outcome) => counts[outcome] > 0);
  const head = `${counts[first as Outcome]} of ${renderCount(total, 'component')} ${first}`;
  return [head, ...rest.map((outcome) => `${counts[outcome]} ${outcome}`)].join(', ');
}

/** Who signed, without repetition: `key cosign.pub`, or the subject of the certificate. */
export function renderSigners(signatures: readonly SignatureSummary[]): string {
  const names = signatures.map(({ signedBy }) =>
    signedBy.type === 'key' ? `key ${signedBy.name}` : signedBy.subject,
  );
  const distinct = [...new Set(names)];
  const more = distinct.length > 2 ? ` and ${distinct.length - 2} more` : '';
  return distinct.slice(0, 2).join(', ') + more;
}

/** All signatures that a component verified with: of the image first, then of its attestations. */
export function signaturesOf(component: ComponentResult): SignatureSummary[] {
  return [
    ...component.signatures,
    ...component.attestations.flatMap((attestation) => attestation.signatures),
  ];
}

/** Answers by status, in the order of JavaScript's keys, numbers first: `200 × 31, 404 × 12, error × 1`. */
export function renderStatuses(usage: RegistryUsage): string {
  return Object.entries(usage.statuses)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${status} × ${count}`)
    .join(', ');
}

/** The reference with its digest shortened to what a person compares: `registry/repo@sha256:0123456789ab…`. */
export function toShortReference(reference: string): string {
  return reference.replace(/(@sha(?:256|512):[0-9a-f]{12})[0-9a-f]+$/, '$1…');
}

/** Why a component is not verified: the first cause, and how many more there are. Untrusted text. */
export function renderCause({ findings }: ComponentResult): string {
  const [first] = [...findings].sort((a, b) => OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome));
  if (first === undefined) return '';
  const more = findings.length > 1 ? ` (+${findings.length - 1})` : '';
  return `${titleOf(first)}: ${labelOf(first)}${more}`;
}
