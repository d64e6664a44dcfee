import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { createProgress, silentProgress } from '../../src/report/progress.ts';

/** A clock whose sleepers wake when the test moves it. */
class ManualClock implements Clock {
  #now = 0;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.push({ at: this.#now + ms, wake: resolve });
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter(({ wake }) => wake !== resolve);
        reject(signal.reason);
      });
    });
  }

  get sleeping(): number {
    return this.#sleepers.length;
  }

  async advance(ms: number): Promise<void> {
    this.#now += ms;
    const due = this.#sleepers.filter(({ at }) => at <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
    for (const { wake } of due) wake();
    await new Promise(setImmediate);
  }
}

function capture(isTty: boolean, columns = 80) {
  const stream = Object.assign(new PassThrough(), { columns, rows: 24, isTTY: isTty });
  const clock = new ManualClock();
  const progress = createProgress(stream, { isTty, clock });
  const read = () => String(stream.read() ?? '');
  return { clock, progress, read };
}

describe('progress in a log', () => {
  it('is a line for each tenth, not for each component', () => {
    const { progress, read } = capture(false);
    progress.start(200);
    for (let index = 0; index < 200; index += 1)
      progress.finished(`c${index}`, index === 3 ? 'rejected' : 'verified');
    progress.stop();
    const lines = read().trimEnd().split('\n');
    expect(lines).toHaveLength(1 + 10);
    expect(lines[0]).toBe('verifying 200 components');
    expect(lines[1]).toBe('20 of 200 done: 19 verified, 1 rejected, 0 undetermined (0 ms)');
    expect(lines[10]).toBe('200 of 200 done: 199 verified, 1 rejected, 0 undetermined (0 ms)');
  });

  it('says "component" of one', () => {
    const { progress, read } = capture(false);
    progress.start(1);
    progress.stop();
    expect(read()).toBe('verifying 1 component\n');
  });

  it('shows a sign of life every ten seconds while nothing finishes', async () => {
    const { clock, progress, read } = capture(false);
    progress.start(3);
    await clock.advance(9_999);
    expect(read()).toBe('verifying 3 components\n');
    await clock.advance(1);
    await clock.advance(10_000);
    expect(read().trimEnd().split('\n')).toEqual([
      '0 of 3 done: 0 verified, 0 rejected, 0 undetermined (10.0 s)',
      '0 of 3 done: 0 verified, 0 rejected, 0 undetermined (20.0 s)',
    ]);
    progress.stop();
    expect(clock.sleeping).toBe(0);
    await clock.advance(60_000);
    expect(read()).toBe('');
  });

  it('writes notes as safe lines', () => {
    const { progress, read } = capture(false);
    progress.note('quay.test throttles\n::error::forged\u001b[2J');
    progress.note('::error::forged');
    expect(read()).toBe('quay.test throttles ::error::forged\\u{1b}[2J\n: :error::forged\n');
  });
});

describe('progress on a terminal', () => {
  it('is one line that changes, is cut at the width and is gone at the end', async () => {
    const { clock, progress, read } = capture(true, 60);
    progress.start(4);
    progress.finished('cart', 'verified');
    progress.finished('a very long name '.repeat(9), 'undetermined');
    const text = stripVTControlCharacters(read());
    expect(text).toContain('█████░░░░░░░░░░░░░░░ 1/4  ✓ 1  ✕ 0  ? 0  0 ms  cart');
    expect(text).toContain('2/4  ✓ 1  ✕ 0  ? 1');
    for (const line of text.split('\n')) expect(line.length).toBeLessThan(60);
    await clock.advance(1_000);
    expect(stripVTControlCharacters(read())).toContain('1.0 s');
    progress.note('quay.test throttles');
    expect(stripVTControlCharacters(read())).toContain('quay.test throttles\n');
    progress.stop();
    expect(read()).toContain('\u001b[2K');
    expect(clock.sleeping).toBe(0);
  });

  it('makes hostile names visible', () => {
    const { progress, read } = capture(true);
    progress.start(1);
    progress.finished('\u001b]0;title\u0007\u202ex', 'verified');
    const text = read();
    expect(text).toContain('\\u{1b}]0;title\\u{7}\\u{202e}x');
    expect(text).not.toContain('\u001b]0;');
    progress.stop();
  });
});

describe('any progress', () => {
  it.each([true, false])('bears calls out of turn (terminal: %s)', (isTty) => {
    const { clock, progress } = capture(isTty);
    progress.finished('early', 'verified');
    progress.stop();
    progress.start(0);
    progress.finished('none expected', 'verified');
    progress.stop();
    progress.stop();
    progress.finished('late', 'verified');
    expect(clock.sleeping).toBe(0);
  });

  it('can be silent', () => {
    silentProgress.start(1);
    silentProgress.finished('x', 'verified');
    silentProgress.note('x');
    silentProgress.stop();
  });
});
