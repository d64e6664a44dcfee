// Everything that a policy's configuration names, fetched side by side, and merged into what is evaluated.
import { ProofgateError } from '../../base/errors.ts';
import type { PolicyConfig } from '../config.ts';
import type { LoadedPolicy, PolicyContext } from '../loaded-policy.ts';
import type { SourceTools } from './source-tools.ts';

/**
 * Fetches each URL once.
 * @throws ProofgateError `BAD_POLICY`, `POLICY_UNAVAILABLE`, what the registry client throws, or the reason of `signal`
 */
export async function fetchSources(
  _config: PolicyConfig,
  _context: PolicyContext,
  _tools: SourceTools,
  _signal: AbortSignal,
): Promise<LoadedPolicy> {
  throw new ProofgateError('INTERNAL', 'not yet there');
}
