// Settings of the JavaScript engine for a process that lives for seconds, on runners and in pods that are small.
import { setFlagsFromString } from 'node:v8';

/** Call it first thing in an entry. */
export function settleEngine(): void {
  // V8 would spend memory for speed where a machine has much of it: at the peak of 200 keyless components these give
  // 129 instead of 185 MiB. New objects stay in little room, and what outlives them grows by small steps.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=15');
  // That room is collected in less time than it takes to wake other threads for it.
  setFlagsFromString('--no-parallel-scavenge');
  // At exit Node waits for the compilations in its background threads, and one of them may wait for a garbage collection
  // that never comes any more (nodejs/node#54918): a verdict that hangs. So nothing is compiled in the background.
  for (const flag of ['--no-concurrent-sparkplug', '--no-maglev', '--no-concurrent-recompilation']) {
    setFlagsFromString(flag);
  }
}
