// The moment that rules, and exceptions from them, are held against.
import { ProofgateError } from '../base/errors.ts';
import { SLSA_V1, SLSA_V02 } from '../verify/slsa.ts';
import type { Verified } from '../verify/verifier.ts';

/** A moment in nanoseconds, as Rego counts them, and in milliseconds, rounded down. */
export interface Instant {
  readonly ns: bigint;
  readonly ms: number;
}

export interface EffectiveTime extends Instant {
  /**
   * `attestation`: rules are held against each component's own time (`effectiveTimeOf`). Data (`when_ns`) and volatile
   * criteria belong to the run: they are held against `ns` and `ms`, when it began.
   */
  readonly basis: 'now' | 'given' | 'attestation';
}

/** Clocks differ: a time that was `now` when the command was written is not yet past. */
const GRACE_MS = 2_000;
const MAX_FRACTION = 9;
/** Where provenance says when its build ended. */
const FINISHED: Readonly<Record<string, readonly string[]>> = {
  [SLSA_V02]: ['metadata', 'buildFinishedOn'],
  [SLSA_V1]: ['runDetails', 'metadata', 'finishedOn'],
};
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * `now`, `attestation`, a date (midnight UTC) or a time of RFC 3339; words in any case.
 * @throws ProofgateError `BAD_OPTION` for anything else, and for times in the past that nobody allowed
 */
export function parseEffectiveTime(
  text: string,
  nowMs: number,
  options: { readonly allowPast: boolean },
): EffectiveTime {
  const now = { ns: BigInt(Math.trunc(nowMs)) * 1_000_000n, ms: nowMs };
  const word = text.toLowerCase();
  if (word === 'now' || word === 'attestation') return { ...now, basis: word };
  const given = parseInstant(text);
  if (given === undefined) {
    throw new ProofgateError('BAD_OPTION', `${JSON.stringify(text.slice(0, 160))} is no effective time`, {
      hint: 'Write now, attestation, a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z.',
    });
  }
  if (given.ms < nowMs - GRACE_MS && !options.allowPast) {
    throw new ProofgateError('BAD_OPTION', `the effective time ${text} is in the past`, {
      hint: 'In the past, rules that hold today may not hold yet. Allow it with allow-past-effective-time.',
    });
  }
  return { ...given, basis: 'given' };
}

/**
 * What a component's rules are held against: for `attestation` the end of its latest build, as its verified provenance
 * says; the run's own time when none says so, or it is no time of RFC 3339.
 */
export function effectiveTimeOf(time: EffectiveTime, attestations: readonly Verified[]): Instant {
  if (time.basis !== 'attestation') return time;
  const finished = attestations.flatMap((verified) => finishedAt(verified) ?? []);
  return (
    finished.reduce<Instant | undefined>((a, b) => (a !== undefined && a.ns > b.ns ? a : b), undefined) ??
    time
  );
}

function finishedAt({ claim }: Verified): Instant | undefined {
  if (claim.type !== 'statement') return undefined;
  const { predicateType } = claim.statement;
  // Other statements may be large, and are not parsed for this.
  const path = Object.hasOwn(FINISHED, predicateType) ? FINISHED[predicateType] : undefined;
  if (path === undefined) return undefined;
  let value: unknown = claim.statement.predicate;
  for (const key of path) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof value === 'string' && RFC_3339.test(value) ? parseInstant(value) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object';
}

/** A date (midnight UTC) or a time of RFC 3339; undefined when it is neither, or a day that the calendar does not have. */
export function parseInstant(text: string): Instant | undefined {
  const isDate = DATE.test(text);
  const parts = RFC_3339.exec(isDate ? `${text}T00:00:00Z` : text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = parts;
  const numbers = [year, month, day, hour, minute, second].map(Number);
  const wholeMs = toEpochMs(numbers);
  const shiftMs = toShiftMs(zone);
  if (wholeMs === undefined || shiftMs === undefined) return undefined;
  const ns = BigInt(wholeMs - shiftMs) * 1_000_000n + BigInt(fraction.padEnd(MAX_FRACTION, '0'));
  return { ns, ms: Math.floor(wholeMs - shiftMs + Number(`0.${fraction || '0'}`) * 1_000) };
}

/** Undefined for what is no time of day of the calendar; a leap second is none here. */
function toEpochMs(numbers: readonly number[]): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const actual = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ];
  return actual.every((number, index) => number === numbers[index]) ? date.getTime() : undefined;
}

function toShiftMs(zone: string): number | undefined {
  if (zone.toUpperCase() === 'Z') return 0;
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number);
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
