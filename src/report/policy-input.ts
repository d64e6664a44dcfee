// What policies were evaluated on: a line of JSON for each component that came so far.
import type { Report } from './report.ts';

/** In pieces, a line each. Components that were not evaluated have no line. */
export function* renderPolicyInput({ components }: Report): Generator<string> {
  for (const { policyInput } of components) {
    // Strings in JSON text hold no bare line break: those found are between values.
    if (policyInput !== undefined) yield `${policyInput.replaceAll(/[\r\n]+/g, ' ')}\n`;
  }
}
