import { describe, expect, it } from 'vitest';
import { defaultCacheDirectory } from '../../src/persist/default-directory.ts';

describe('the default directory', () => {
  it.each([
    ['linux', { HOME: '/home/u' }, '/home/u/.cache/proofgate'],
    ['linux', { HOME: '/home/u', XDG_CACHE_HOME: '/var/cache/u' }, '/var/cache/u/proofgate'],
    // The specification: a path that is not absolute is invalid.
    ['linux', { HOME: '/home/u', XDG_CACHE_HOME: 'cache' }, '/home/u/.cache/proofgate'],
    ['linux', { HOME: '/home/u', XDG_CACHE_HOME: '' }, '/home/u/.cache/proofgate'],
    ['darwin', { HOME: '/Users/u' }, '/Users/u/Library/Caches/proofgate'],
    ['darwin', { HOME: '/Users/u', XDG_CACHE_HOME: '/x' }, '/x/proofgate'],
    [
      'win32',
      { LOCALAPPDATA: 'C:\\Users\\u\\AppData\\Local' },
      'C:\\Users\\u\\AppData\\Local\\proofgate\\Cache',
    ],
    ['win32', { USERPROFILE: 'C:\\Users\\u' }, 'C:\\Users\\u\\AppData\\Local\\proofgate\\Cache'],
    ['linux', {}, undefined],
    ['linux', { HOME: '' }, undefined],
    ['linux', { HOME: 'relative' }, undefined],
    ['win32', { HOME: '/home/u' }, undefined],
  ] as const)('on %s with %j is %s', (platform, environment, expected) => {
    expect(defaultCacheDirectory(environment, platform)).toBe(expected);
  });
});
