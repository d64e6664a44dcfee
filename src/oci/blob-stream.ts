// A large blob as a stream: begun again when the connection is lost, and held against its digest as a whole.
import type { Clock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import { CheckedContent } from '../store/checked-content.ts';
import type { BodyRule } from './body.ts';
import type { RegistryLimits } from './limits.ts';
import type { Descriptor } from './manifest.ts';
import { pinned, type Repository } from './reference.ts';
import type { RepositoryClient } from './repository-client.ts';
import { Patience } from './retry.ts';
import { missingBlob } from './status-error.ts';

export interface BlobStreamTools {
  readonly client: RepositoryClient;
  readonly limits: RegistryLimits;
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * The bytes of a blob, the last of them once size and digest are right. After a lost connection the transfer begins anew,
 * and what was handed out already is left out: the digest of what all attempts gave together decides.
 * @throws ProofgateError `CONTENT_MISMATCH`, `CONTENT_TRUNCATED`, and what `RepositoryClient.find` throws
 */
export async function* streamBlob(
  { client, limits, clock, random }: BlobStreamTools,
  repository: Repository,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const question = blobQuestion(repository, digest, { maxBytes: size, size, isStreamed: true });
  const checked = new CheckedContent(digest, size);
  const patience = new Patience(limits, random);
  for (;;) {
    const answer = await client.find(question, signal);
    if (answer?.stream === undefined) throw missingBlob(question.what);
    try {
      return yield* checked.pass(answer.stream);
    } catch (error) {
      // Wrong bytes were handed out, perhaps: more of them do not make it right.
      const isWrong = error instanceof ProofgateError && error.code === 'CONTENT_MISMATCH';
      const delayMs = isWrong ? undefined : patience.delayAfter({ error }, clock.now());
      if (delayMs === undefined) throw error;
      await clock.sleep(delayMs, signal);
    }
  }
}

/** What a registry is asked for a blob, whole or as a stream. */
export function blobQuestion(repository: Repository, digest: Digest, rule: BodyRule) {
  return { repository, path: `blobs/${digest}`, accept: '*/*', rule, what: blobName(repository, digest) };
}

/** What errors call it. */
export function blobName(repository: Repository, digest: Digest): string {
  return `blob ${pinned(repository, digest)}`;
}
