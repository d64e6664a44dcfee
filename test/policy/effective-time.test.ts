import { describe, expect, it } from 'vitest';
import { effectiveTimeOf, parseEffectiveTime, parseInstant } from '../../src/policy/effective-time.ts';
import type { Verified } from '../../src/verify/verifier.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const parse = (text: string, allowPast = false) => parseEffectiveTime(text, NOW, { allowPast });

describe('parseEffectiveTime', () => {
  it('reads words in any case, dates and times', () => {
    expect(parse('now')).toEqual({ basis: 'now', ms: NOW, ns: BigInt(NOW) * 1_000_000n });
    expect(parse('Attestation')).toMatchObject({ basis: 'attestation', ms: NOW });
    expect(parse('2026-02-01')).toMatchObject({ basis: 'given', ms: Date.UTC(2026, 1, 1) });
    expect(parse('2026-02-01T10:00:00-01:30')).toMatchObject({ ms: Date.UTC(2026, 1, 1, 11, 30) });
  });

  it('keeps nanoseconds that a number would lose', () => {
    const { ns, ms } = parse('2026-02-01T00:00:00.123456789Z');
    expect(ns).toBe(BigInt(Date.UTC(2026, 1, 1)) * 1_000_000n + 123_456_789n);
    expect(ms).toBe(Date.UTC(2026, 1, 1) + 123);
  });

  it('refuses the past, where rules may not hold yet, unless it is allowed', () => {
    expect(() => parse('2026-01-15T11:59:57Z')).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
    expect(parse('2026-01-15T11:59:58Z').basis).toBe('given');
    expect(parse('2020-01-01', true)).toMatchObject({ ms: Date.UTC(2020, 0, 1) });
  });

  it.each([
    '',
    'yesterday',
    '2026-13-01',
    '2026-02-29',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00+24:00',
    ' 2026-01-01',
    '20260101',
    '1700000000',
  ])('%j is no time', (text) => {
    expect(() => parse(text, true)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
    expect(parseInstant(text)).toBeUndefined();
  });

  it('knows times before the epoch, and the first years', () => {
    expect(parseInstant('1969-12-31T23:59:59.5Z')).toEqual({ ns: -500_000_000n, ms: -500 });
    expect(parseInstant('0099-01-01')?.ms).toBe(-59_042_995_200_000);
  });
});

describe('effectiveTimeOf', () => {
  const statement = (predicateType: string, predicate: unknown) =>
    ({ claim: { type: 'statement', statement: { predicateType, predicate } } }) as unknown as Verified;
  const v02 = (at: unknown) =>
    statement('https://slsa.dev/provenance/v0.2', { metadata: { buildFinishedOn: at } });
  const v1 = (at: unknown) =>
    statement('https://slsa.dev/provenance/v1', { runDetails: { metadata: { finishedOn: at } } });

  it('is the run’s own time unless the attestations were asked for', () => {
    expect(effectiveTimeOf(parse('now'), [v02('2025-01-01T00:00:00Z')])).toMatchObject({ ms: NOW });
  });

  it('is the end of the latest build, as provenance v0.2 and v1 say it', () => {
    const time = parse('attestation');
    const [old, young] = ['2025-01-01T00:00:00Z', '2025-06-01T00:00:00Z'];
    for (const attestations of [
      [v02(old), v1(young)],
      [v1(old), v02(young)],
      [v02(young), v02(old)],
    ]) {
      expect(effectiveTimeOf(time, attestations).ms).toBe(Date.UTC(2025, 5, 1));
    }
  });

  it('is now when nothing says when, never earlier', () => {
    const time = parse('attestation');
    const spdx = statement('https://spdx.dev/Document', {
      metadata: { buildFinishedOn: '2000-01-01T00:00:00Z' },
    });
    const wrong = [
      v02('yesterday'),
      v02(7),
      v02(undefined),
      v1('2000-01-01'),
      statement('__proto__', {}),
      statement('https://slsa.dev/provenance/v1', null),
    ];
    expect(effectiveTimeOf(time, [])).toMatchObject({ ms: NOW });
    expect(effectiveTimeOf(time, [spdx, ...wrong])).toMatchObject({ ms: NOW });
    expect(
      effectiveTimeOf(time, [{ claim: { type: 'simple-signing' } } as unknown as Verified]),
    ).toMatchObject({ ms: NOW });
  });
});
