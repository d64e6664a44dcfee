// Manifests of this run, least recently used out first. Immutable, keyed by repository and digest: what one account
// may read at one repository says nothing about another.
import type { Manifest } from './manifest.ts';

export class RecentManifests {
  readonly #maxBytes: number;
  readonly #kept = new Map<string, Manifest>();
  #bytes = 0;

  /** @param maxBytes sum of the sizes of what is kept */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): Manifest | undefined {
    const manifest = this.#kept.get(key);
    if (manifest === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, manifest);
    return manifest;
  }

  add(key: string, manifest: Manifest): void {
    this.#remove(key);
    this.#kept.set(key, manifest);
    this.#bytes += manifest.bytes.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes.length ?? 0;
    this.#kept.delete(key);
  }
}
