// How much verified evidence may wait for policies at once: evaluation can be slower than the registry, and what waits
// are whole SBOMs.
import type { SubjectResult } from '../verify/subject.ts';

export class EvidenceRoom {
  readonly #maxBytes: number;
  #heldBytes = 0;
  #waiting: (() => void)[] = [];

  /** @param maxBytes beyond it nothing new comes in; what is being looked at may exceed it once */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Waits until there is room. */
  async enter(): Promise<void> {
    while (this.#heldBytes > this.#maxBytes) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Returns what gives the room back; call it in any case. */
  hold(evidence: SubjectResult | undefined): () => void {
    const bytes = weigh(evidence);
    this.#heldBytes += bytes;
    return () => {
      this.#heldBytes -= bytes;
      for (const resolve of this.#waiting.splice(0)) resolve();
    };
  }
}

function weigh(evidence: SubjectResult | undefined): number {
  const sizes = evidence?.attestations.verified.map(({ claim }) =>
    claim.type === 'statement' ? claim.statement.payload.length : 0,
  );
  return (sizes ?? []).reduce((sum, size) => sum + size, 0);
}
