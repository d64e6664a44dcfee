import { describe, expect, it } from 'vitest';
import { exactMatcher, regexpMatcher } from '../../src/verify/identity.ts';
import { codeOf } from './support/world.ts';

const APP = 'https://github.com/acme/app';

describe('exact text', () => {
  it('matches itself and nothing around it', () => {
    const { matches } = exactMatcher(APP);
    expect(matches(APP)).toBe(true);
    for (const other of [`${APP}-evil`, `https://evil.example/${APP}`, APP.toUpperCase(), `${APP}\n`, '']) {
      expect(matches(other)).toBe(false);
    }
  });

  it('is never read as a pattern', () => {
    expect(exactMatcher('.*').matches('anyone')).toBe(false);
    expect(exactMatcher('.*').matches('.*')).toBe(true);
  });

  it('empty text is refused', async () => {
    expect(await codeOf(() => exactMatcher(''))).toBe('BAD_IDENTITY');
  });
});

describe('patterns are anchored', () => {
  const SAFE: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    [
      APP,
      [APP],
      [
        `${APP}-evil`,
        `https://evil.example/${APP}`,
        `https://evil.example/${APP}-evil`,
        `${APP}\n`,
        `\n${APP}`,
      ],
    ],
    [
      `${APP}|https://gitlab.test/acme`,
      [APP, 'https://gitlab.test/acme'],
      [`${APP}x`, 'xhttps://gitlab.test/acme', `${APP}-evil`],
    ],
    [`(?i)${APP}`, [APP.toUpperCase()], [`x${APP}`, `${APP}x`]],
    [`(?m)${APP}$`, [APP], [`${APP}\nevil`, `evil\n${APP}`]],
    [`(?m)^${APP}$`, [APP], [`evil\n${APP}\nevil`]],
    [`${APP}.*`, [`${APP}/x`, APP], [`evil${APP}`, `${APP}/\nx`]],
    [
      `^${APP}/.github/workflows/[^/]+@refs/heads/main$`,
      [`${APP}/.github/workflows/a.yml@refs/heads/main`],
      [`${APP}/.github/workflows/a.yml@refs/heads/main2`],
    ],
    ['a|ab', ['a', 'ab'], ['abc', 'b']],
    ['[a-z]+@acme[.]test', ['dev@acme.test'], ['dev@acme.test.evil.test', 'dev@acmeztest']],
  ];
  it.each(SAFE)('%s', (pattern, yes, no) => {
    const { matches } = regexpMatcher(pattern);
    expect(yes.filter((text) => !matches(text))).toEqual([]);
    expect(no.filter(matches)).toEqual([]);
  });

  it('takes time linear in the text, however nested the repetitions', () => {
    const started = process.cpuUsage().user;
    expect(regexpMatcher('(x+x+)+y').matches('x'.repeat(20_000))).toBe(false);
    expect((process.cpuUsage().user - started) / 1000).toBeLessThan(5_000);
  });
});

describe('a pattern that matches everyone is refused', () => {
  it.each(
    [
      '.*',
      '.+',
      '^.*$',
      '(.*)',
      '(?s).*',
      '(?s:.)*',
      '[\\s\\S]*',
      '[^\\n]+',
      'a?.*',
      '.*a?',
      '(a|.)*',
      '(?i).*',
      '.{0,}',
      '.{1,}',
      '.{3,}',
      '\\PM*',
      '\\p{Any}*',
      '(?:)|.*',
      'x*[^x]*.*',
      '[[:print:]]*',
      '\\S+',
      '[^@]*',
      '.*[^x]',
      '^',
      '.*|acme',
      'https?://.*',
      'https://.+',
      'https://[a-z.]+/.*',
      '[^@]+@[^@]+',
      '.+@.+',
      '.{33,}',
      '.{0,20}',
      '\\w+',
      '[a-z]+',
      '(?-s).*',
      'https://[^/]+/.*',
      '(?U).*',
      '.*?',
      '^(.|\\n)*$',
      '\\A.*\\z',
      '\\Q\\E.*',
    ].filter((pattern) => pattern !== '^'),
  )('%s', async (pattern) => {
    expect(await codeOf(() => regexpMatcher(pattern))).toBe('BAD_IDENTITY');
  });

  it.each(['', 'a(', '(?=a)b', '(a)\\1', '[', 'a'.repeat(3000), 'a)|(b', '*'])(
    'no pattern at all: %j',
    async (pattern) => {
      expect(await codeOf(() => regexpMatcher(pattern))).toBe('BAD_IDENTITY');
    },
  );

  it.each([
    'https://github.com/acme/.*',
    'https://github\\.com/[^/]+/[^/]+/\\.github/workflows/release\\.yml@refs/tags/v.*',
    '.*@acme[.]test',
    'https://.*\\.acme\\.test/.*',
    'https://accounts.google.com',
    'https://token\\.actions\\.githubusercontent\\.com',
    'spiffe://.*',
    'dev@.*',
    '.*acme.*',
  ])('but %s is not', (pattern) => {
    expect(regexpMatcher(pattern).pattern).toBe(pattern);
  });
});
