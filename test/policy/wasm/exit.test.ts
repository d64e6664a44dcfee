// Whether processes that evaluate policies end: a verdict that hangs is worth nothing.
import { describe, expect, it } from 'vitest';
import { runEntry } from '../../support/entry.ts';

describe('a process with an engine ends', () => {
  it.each([
    ['by itself once the engine is closed', 'close'],
    ['by itself once a busy engine is closed', 'close-busy'],
    ['by itself when nobody closes an idle engine', 'forget'],
    ['when it is ended while the engine is busy', 'exit-busy'],
    ['when it is ended while the engine compiles', 'exit-loading'],
  ])('%s', async (_title, how) => {
    expect(await runEntry('test/policy/wasm/exit-child.ts', [how])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});
