// Why content is not used: it makes no sense, or there is too much of it.
import { ProofgateError } from '../../base/errors.ts';

/** It is not what it has to be, and never will be: what policies ask for is undefined. */
export class MalformedContent extends Error {}

/** Who skipped it would hide it from the policy: the component is undetermined. */
export function tooLarge(why: string): ProofgateError {
  return new ProofgateError('CONTENT_TOO_LARGE', why, {
    hint: 'Proofgate refuses larger content on purpose; if it is legitimate, please report it.',
  });
}

/** Others may read it, and see there what we do not: the component is undetermined. */
export function unreadable(why: string): ProofgateError {
  return new ProofgateError('POLICY_FAILED', why, {
    hint: 'Build the image again with an ordinary tool; if it was, please report it.',
  });
}

/** @throws what `work` throws, unless the content makes no sense */
export async function malformedAsUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MalformedContent) return undefined;
    throw error;
  }
}
