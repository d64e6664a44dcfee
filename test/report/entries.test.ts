import { describe, expect, it } from 'vitest';
import { cutJson } from '../../src/report/cut.ts';
import { Entries, toJsonPieces } from '../../src/report/entries.ts';
import { whole } from './support/reports.ts';

describe('JSON in pieces', () => {
  it('is, joined, what JSON.stringify writes', () => {
    const plain = { a: 1, list: [{ x: 'line\nbreak', y: [] }, {}], deep: { nested: [1, [2]] }, empty: [] };
    const entries = Entries.of(plain.list, (one) => one);
    const document = { ...plain, list: entries, empty: Entries.of([], () => ({})) };
    expect(whole(toJsonPieces(document))).toBe(JSON.stringify(plain, null, 2));
    const outer = { runs: Entries.of([document], (one) => one) };
    expect(whole(toJsonPieces(outer))).toBe(JSON.stringify({ runs: [plain] }, null, 2));
  });

  it('converts an entry when its text is asked for, not before', () => {
    const converted: number[] = [];
    const convert = (id: number) => {
      converted.push(id);
      return { id };
    };
    const pieces = toJsonPieces({ list: Entries.of([1, 2, 3], convert) });
    for (const piece of pieces) if (piece.includes('"id": 1')) break;
    expect(converted).toEqual([1]);
  });
});

describe('cutting JSON', () => {
  const bounds = { depth: 3, values: 10, text: 5 };

  it('keeps what is within bounds', () => {
    const value = { a: [1, null, true], b: { c: 'abcde' } };
    expect(cutJson(value, bounds)).toEqual(value);
  });

  it('bounds depth, values and texts, names too', () => {
    expect(cutJson([[[[1]]]], bounds)).toEqual([[['…']]]);
    expect(JSON.stringify(cutJson({ abcdefgh: 'abcdefgh' }, bounds))).toBe('{"abcd…":"abcd…"}');
    expect(cutJson(Array(100).fill(0), bounds)).toHaveLength(10);
    expect((cutJson([Array(100).fill(0), Array(100).fill(0)], bounds) as unknown[][]).flat()).toHaveLength(8);
  });

  it('survives what is nested deeper than a stack', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 200_000; level += 1) deep = [deep];
    expect(JSON.stringify(cutJson({ deep }, bounds))).toBe('{"deep":[["…"]]}');
  });

  it('keeps a member called __proto__ a member', () => {
    const value = JSON.parse('{"__proto__":{"polluted":true}}');
    expect(JSON.stringify(cutJson(value, { ...bounds, text: 20 }))).toBe('{"__proto__":{"polluted":true}}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('has no number that JSON has not', () => {
    expect(cutJson([Number.POSITIVE_INFINITY, Number.NaN, 1.5], bounds)).toEqual([null, null, 1.5]);
  });
});
