// Settings of the JavaScript engine for a process that lives for seconds, on runners and in pods that are small.
import { setFlagsFromString } from 'node:v8';

/** Call it first thing in an entry. */
export function settleEngine(): void {
  // The space for young objects keeps its first size. V8 would let it grow to 48 MiB on a machine with much memory, for a
  // few per cent of speed; measured with 200 keyless components: 134 instead of 215 MiB at the peak.
  setFlagsFromString('--semi-space-growth-factor=1');
  // At exit Node waits for compilations in the background, and one by Maglev may wait for a garbage collection that
  // never comes any more (nodejs/node#54918): a verdict that hangs. TurboFan alone is as fast here.
  setFlagsFromString('--no-maglev');
}
