// One internal shape for every format of signature. Bundles and legacy cosign layers are turned into it at
// the door; the verifier never learns which of them it came from.
import type { Bundle } from '@sigstore/bundle';
import type { Digest } from '../base/digest.ts';

/** Predicate type of cosign's image signature as an in-toto statement: the only statement that signs an image. */
export const IMAGE_SIGNATURE_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

/** Where a piece of evidence was found, for messages and for the report. */
export interface EvidenceSource {
  readonly format: 'bundle' | 'legacy';
  /** Digest of the manifest that carries the layer. */
  readonly manifest: Digest;
  /** Digest of the layer. */
  readonly blob: Digest;
}

/** What the signature is over. Nothing here has been verified. */
export type EvidenceContent =
  /** DSSE envelope; `payload` is what it carries, `envelope` its JSON as stored when the layer is nothing else. */
  | {
      readonly type: 'dsse';
      readonly payloadType: string;
      readonly payload: Buffer;
      readonly envelope?: Buffer;
    }
  /** cosign's simple-signing JSON, signed as bytes. */
  | { readonly type: 'simple-signing'; readonly payload: Buffer }
  /** A bundle's message signature over the subject's own bytes (an image manifest). */
  | { readonly type: 'message' };

/** Parsed and bounded, not verified. */
export interface Evidence {
  readonly source: EvidenceSource;
  readonly content: EvidenceContent;
  /** Normalised form of every format. */
  readonly bundle: Bundle;
  /** PEM or DER certificates beside the leaf, as carried; they are shown, never trusted. */
  readonly chain: readonly Buffer[];
}

/** What evidence is to be about. */
export interface Subject {
  readonly digest: Digest;
  /** The bytes behind `digest`, when at hand: an image's manifest. */
  readonly artifact?: Buffer;
}
