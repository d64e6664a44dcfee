import { describe, expect, it } from 'vitest';
import { ProofgateError } from '../../src/base/errors.ts';
import { readPlainScalar } from '../../src/base/exact-number.ts';
import { parseStructuredText, type TextRules } from '../../src/base/structured-text.ts';

const rules: TextRules = {
  maxBytes: 1_000,
  maxYamlBytes: 100,
  numbers: 'exact',
  refuse: (why) => new ProofgateError('BAD_POLICY', why),
};
const parse = (text: string, change: Partial<TextRules> = {}) =>
  parseStructuredText(text, { ...rules, ...change });
const render = (text: string, change: Partial<TextRules> = {}) => JSON.stringify(parse(text, change));

describe('parseStructuredText', () => {
  it('keeps digits when it is asked to', () => {
    for (const text of ['{"a":[1,1.10,12345678901234567890,1E400,-0,1e21]}', '[0.1,100,1.0]']) {
      expect(render(text)).toBe(text);
    }
    expect(render('a: [12345678901234567890, 1]')).toBe('{"a":[12345678901234567890,1]}');
    expect(render('{"a":1.10}', { numbers: 'native' })).toBe('{"a":1.1}');
    expect(parse('a: yes', { numbers: 'native' })).toEqual({ a: 'yes' });
  });

  it.each([
    ['a: 1\n---\nb: 2', /multiple documents/],
    ['a: !!binary AAAA', /tag/],
    ['a: !!float 1', /tag/],
    ['a: 1\na: 2', /twice/],
    ['{"a": 1, "\\u0061": 2}', /twice/],
    ['a: [', /line 1/],
    [`a: ${'x'.repeat(100)}`, /100 bytes/],
    [`{"a": "${'x'.repeat(1000)}"}`, /1000 bytes/],
    ['a: -.inf', /number of JSON/],
    ['a: 1e999', /out of range/],
  ])('%j is refused', (text, why) => {
    expect(() => parse(text)).toThrow(why);
    expect(() => parse(text)).toThrow(ProofgateError);
  });

  it('documents that would be left out are an error for plain numbers too', () => {
    expect(() => parse('a: 1\n---\nb: 2', { numbers: 'native' })).toThrow(/multiple documents/);
  });

  it('JSON alone when it is asked to', () => {
    expect(() => parse('a: 1', { maxYamlBytes: 0 })).toThrow('it is no JSON');
  });
});

// As go.yaml.in/yaml/v2 resolves them, which OPA and Kubernetes use.
it.each([
  ['', 'null'],
  ['~', 'null'],
  ['NULL', 'null'],
  ['nUll', '"nUll"'],
  ['y', 'true'],
  ['ON', 'true'],
  ['No', 'false'],
  ['n', 'false'],
  ['yEs', '"yEs"'],
  ['0', '0'],
  ['-0', '0'],
  ['007', '7'],
  ['08', '8'],
  ['0o10', '8'],
  ['0x_1f', '31'],
  ['-0b101', '-5'],
  ['0b2', '"0b2"'],
  ['1__0', '10'],
  ['_1', '"_1"'],
  ['+1', '1'],
  ['1.', '1'],
  ['.5', '0.5'],
  ['-1.5e3', '-1500'],
  ['1e', '"1e"'],
  ['.', '"."'],
  ['-', '"-"'],
  ['+', '"+"'],
  ['0x', '"0x"'],
  ['1.2.3', '"1.2.3"'],
  ['12:30:45', '"12:30:45"'],
  ['-010', '-8'],
  ['0_7', '7'],
  ['1_000.5', '1000.5'],
  ['1_0e1', '100'],
  ['0x1p4', '"0x1p4"'],
  ['2026-01-01', '"2026-01-01"'],
  ['2026-01-01T00:00:00Z', '"2026-01-01T00:00:00Z"'],
])('the plain scalar %j is %s', (text, json) => {
  expect(JSON.stringify(readPlainScalar(text))).toBe(json);
});
