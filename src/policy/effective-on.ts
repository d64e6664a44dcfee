// The day from which a rule holds, as policies write it.
import { type Instant, parseInstant } from './effective-time.ts';

/** Undefined `instant`: nobody can say what is meant, so the rule holds already. */
export interface EffectiveOn {
  /** RFC 3339 when it could be read, else as it was written. */
  readonly text: string;
  readonly instant?: Instant;
}

/** Rules that have held for longer than this do not show since when. */
const OLD_NEWS_NS = 90n * 24n * 3_600n * 1_000_000_000n;

/** YAML lets months, days and times have one digit, lets a space stand for the T, and needs no time at all. */
const YAML_TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?[ \t]*(Z|[+-]\d{2}:\d{2})?)?$/;

/** Undefined: there is none. What is no text, or no date, is an `EffectiveOn` without `instant`. */
export function parseEffectiveOn(value: unknown): EffectiveOn | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') return { text: JSON.stringify(value) ?? '' };
  const text = toRfc3339(value);
  const instant = text === undefined ? undefined : parseInstant(text);
  return text === undefined || instant === undefined ? { text: value } : { text, instant };
}

function toRfc3339(value: string): string | undefined {
  const parts = YAML_TIMESTAMP.exec(value);
  if (parts === null) return undefined;
  const [, year, month = '', day = '', hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] =
    parts;
  const pad = (digits: string) => digits.padStart(2, '0');
  return `${year}-${pad(month)}-${pad(day)}T${pad(hour)}:${pad(minute)}:${pad(second)}${fraction}${zone}`;
}

/** True when the rule holds at `at`. Exactly at its date it does not yet, as with Conforma. */
export function isInEffect(effectiveOn: EffectiveOn | undefined, at: Instant): boolean {
  return effectiveOn?.instant === undefined || effectiveOn.instant.ns < at.ns;
}

/** True when the rule has held for so long that its date is no news. */
export function isOldNews(effectiveOn: EffectiveOn, at: Instant): boolean {
  return effectiveOn.instant !== undefined && effectiveOn.instant.ns < at.ns - OLD_NEWS_NS;
}
