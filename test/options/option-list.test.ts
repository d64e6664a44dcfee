import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseCommandLine } from '../../src/options/command-line.ts';
import { OPTIONS, type OptionDefinition, optionsOf } from '../../src/options/option-list.ts';
import { parseBoolean, parseDuration } from '../../src/options/values.ts';

const ROOT = dirname(dirname(import.meta.dirname));
const README = join(ROOT, 'README.md');

interface Action {
  readonly description: string;
  readonly inputs: Readonly<Record<string, { description: string; default: string; required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { description: string }>>;
  readonly runs: { readonly using: string; readonly main: string };
}
const action: Action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8'));

const inWords = ({ only, description }: OptionDefinition) =>
  only === undefined ? description : `(${only} only) ${description}`;

describe('the list of options', () => {
  it('names each option once, describes it in sentences, and has defaults of its kind', () => {
    expect(new Set(OPTIONS.map((option) => option.name)).size).toBe(OPTIONS.length);
    for (const option of OPTIONS) {
      expect(option.description, option.name).toMatch(/^[A-Z].*\.$/);
      if (option.kind === 'boolean') expect(() => parseBoolean(option.default)).not.toThrow();
      if (option.kind === 'duration') expect(() => parseDuration(option.default)).not.toThrow();
    }
  });

  it('is what action.yml offers: the same names, defaults and descriptions, in the same order', () => {
    const expected = optionsOf('action').map((option) => [
      option.name,
      { description: option.description, default: option.default },
    ]);
    expect(Object.entries(action.inputs)).toEqual(expected);
  });

  it('is what the command offers: the same flags, defaults and descriptions', () => {
    const help = parseCommandLine(['verify', '--help'], '0.0.0');
    if (help.type !== 'information') throw new Error('no help');
    const words = help.text.replaceAll(/\s+/g, ' ');
    const flags = [...help.text.matchAll(/^ {2}--([\w-]+) [[<]/gm)].map(([, name]) => name);
    expect(flags).toEqual(optionsOf('command').map((option) => option.name));
    for (const option of optionsOf('command')) {
      const suffix = option.default === '' ? '' : ` (default: ${option.default})`;
      expect(words).toContain(`${option.description}${suffix}`);
    }
  });

  // The table has a row for each: | `name` | default | description |
  it.runIf(existsSync(README))('is what the table in README says', () => {
    const rows = [
      ...readFileSync(README, 'utf8').matchAll(/^\|\s*`([\w-]+)`\s*\|\s*(.*?)\s*\|\s*(.*?)\s*\|$/gm),
    ];
    const inTable = rows.filter(([, name]) => OPTIONS.some((option) => option.name === name));
    const plain = (text = '') => text.replaceAll(/[`\\]/g, '').trim();
    expect(inTable.map(([, name, value, description]) => [name, plain(value), plain(description)])).toEqual(
      OPTIONS.map((option) => [option.name, plain(option.default), plain(inWords(option))]),
    );
  });
});

describe('action.yml', () => {
  it('runs the bundle on Node 24', () => {
    expect(action.runs).toEqual({ using: 'node24', main: 'dist/action/index.js' });
  });

  it('describes every output, and is short enough for the marketplace', () => {
    const counts = ['verified-count', 'rejected-count', 'undetermined-count'];
    const outputs = ['result', 'report', ...counts, 'cache-hit'];
    expect(Object.keys(action.outputs)).toEqual(outputs);
    for (const { description } of Object.values(action.outputs)) expect(description).not.toBe('');
    expect(action.description.length).toBeLessThan(125);
  });
});

describe('parseCommandLine', () => {
  const raw = (...parameters: string[]) => {
    const parsed = parseCommandLine(['verify', ...parameters], '0.0.0');
    if (parsed.type !== 'verify') throw new Error(`it is ${parsed.type}`);
    return parsed.raw;
  };

  it('takes images by position and by flag, and repeated flags in order', () => {
    expect(raw('a', '--public-key', 'k1', 'b', '--images', 'c', '--public-key=k2')).toMatchObject({
      images: ['a', 'b', 'c'],
      'public-key': ['k1', 'k2'],
    });
  });

  it('lets the value of a boolean be left out', () => {
    expect(raw('--ignore-rekor', 'image', '--strict', 'false')).toMatchObject({
      images: ['image'],
      'ignore-rekor': ['true'],
      strict: ['false'],
    });
    expect(raw('--strict=False')).toMatchObject({ strict: ['False'] });
  });

  it('takes everything after -- for images', () => {
    expect(raw('--', '--strict', 'a')).toMatchObject({ images: ['--strict', 'a'], strict: [] });
  });

  it('does not know the options of the action', () => {
    expect(raw('--install').images).toEqual(['--install']);
  });

  it('knows no prototype', () => {
    expect(raw('--constructor', '--__proto__').images).toEqual(['--constructor', '--__proto__']);
  });
});
