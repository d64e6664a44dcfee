// Notices that somebody whose turn it is has said nothing for too long.
import type { Clock } from '../../base/clock.ts';

export interface SilenceOptions {
  readonly clock: Clock;
  readonly silenceMs: number;
  /** Called after `silenceMs`. */
  readonly onSilent: () => void;
  /** Called after as long again. */
  readonly onDead: () => void;
}

// Counted in steps that this process took part in: while it was stopped itself, it heard nothing.
const STEPS = 10;

export class SilenceWatch {
  readonly #options: SilenceOptions;
  #steps = 0;
  #watching: AbortController | undefined;

  constructor(options: SilenceOptions) {
    this.#options = options;
  }

  /** A word, in either direction: silence begins anew, and matters only while it is the other's turn. */
  hear(isItsTurn: boolean): void {
    this.#steps = 0;
    if (!isItsTurn) {
      this.#watching?.abort();
      this.#watching = undefined;
    } else if (this.#watching === undefined) {
      this.#watching = new AbortController();
      void this.#watch(this.#watching.signal);
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (await this.#sleep(signal)) {
      this.#steps += 1;
      if (this.#steps === STEPS) this.#options.onSilent();
      if (this.#steps === 2 * STEPS) this.#options.onDead();
    }
  }

  /** False when it was woken up. */
  async #sleep(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.clock.sleep(this.#options.silenceMs / STEPS, signal);
      return !signal.aborted;
    } catch {
      return false;
    }
  }
}
