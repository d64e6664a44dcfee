import { beforeEach, describe, expect, it } from 'vitest';
import { SilenceWatch } from '../../../src/policy/wasm/silence.ts';
import { HeldClock } from './held-clock.ts';

describe('a watch of silence', () => {
  let clock: HeldClock;
  let seen: string[];
  let watch: SilenceWatch;
  beforeEach(() => {
    clock = new HeldClock();
    seen = [];
    const onSilent = () => seen.push('silent');
    watch = new SilenceWatch({ clock, silenceMs: 1000, onSilent, onDead: () => seen.push('dead') });
  });

  it('tells once that it is silent, and once that it stays so', async () => {
    watch.hear(true);
    await clock.advance(9);
    expect(seen).toEqual([]);
    await clock.advance(1);
    expect(seen).toEqual(['silent']);
    await clock.advance(9);
    expect(seen).toEqual(['silent']);
    await clock.advance(5);
    expect(seen).toEqual(['silent', 'dead']);
    watch.hear(false);
  });

  it('begins anew with each word', async () => {
    watch.hear(true);
    for (let word = 0; word < 5; word += 1) {
      await clock.advance(9);
      watch.hear(true);
    }
    expect(seen).toEqual([]);
    expect(clock.sleepers).toBe(1);
    watch.hear(false);
  });

  it('sleeps while it is not the other’s turn, and holds no timer', async () => {
    watch.hear(true);
    await clock.advance(9);
    watch.hear(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(clock.sleepers).toBe(0);
    watch.hear(true);
    await clock.advance(9);
    expect(seen).toEqual([]);
    watch.hear(false);
  });
});
