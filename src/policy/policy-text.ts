// What the user calls "the policy" → its configuration.
import { ProofgateError } from '../base/errors.ts';
import type { PolicyConfig } from './config.ts';
import type { PolicyRequest } from './loaded-policy.ts';
import type { SourceTools } from './sources/source-tools.ts';

/**
 * The configuration that the request means, extra rule data and the pinned policy bundle included.
 * @throws ProofgateError `BAD_POLICY`, `POLICY_UNAVAILABLE`, or the reason of `signal`
 */
export async function loadPolicyConfig(
  _request: PolicyRequest,
  _tools: SourceTools,
  _signal: AbortSignal,
): Promise<PolicyConfig> {
  throw new ProofgateError('INTERNAL', 'not yet there');
}
