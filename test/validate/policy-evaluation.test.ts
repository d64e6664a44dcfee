import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/base/digest.ts';
import { ProofgateError } from '../../src/base/errors.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { judgeComponent } from '../../src/validate/component.ts';
import type { PolicyEvaluation } from '../../src/validate/policy-evaluation.ts';
import { NO_TASKS } from '../../src/validate/task-list.ts';
import { reasonsOf } from './support/gate.ts';

const CONFIG = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('{}'), size: 2 };
const MANIFEST = Buffer.from(
  JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: CONFIG, layers: [] }),
);
const nothing = { signatures: [], failure: undefined, unread: [] };
const keep = async () => {};

/** A component of which nothing but a policy's evaluation is required. */
function judge(evaluation: PolicyEvaluation) {
  const target = {
    component: { name: 'app', containerImage: 'registry.test/app:v1', source: {} },
    repository: { registry: 'registry.test', name: 'app' },
    manifest: parseManifest(MANIFEST, digestOf(MANIFEST), OCI_MANIFEST),
    error: undefined,
    platform: undefined,
    index: undefined,
  };
  const seen = {
    signatures: nothing,
    attestations: { ...nothing, summaries: [], syntax: [], tasks: NO_TASKS },
  };
  return judgeComponent(
    { target, examination: { type: 'seen', seen }, tasks: NO_TASKS, bundles: new Map(), evaluation },
    { signature: false, attestation: false, taskBundles: false, policy: true },
  );
}

const verdict = { violations: [], warnings: [], successes: [] };
const message = { code: 'builtin.policy.evaluation', message: 'Pass', rule: {} };

describe('the evaluation of policies', () => {
  it('is a pass only when it came to its end', () => {
    expect(judge({ type: 'evaluated', verdict, keep }).outcome).toBe('verified');
    expect(judge({ type: 'skipped' }).outcome).toBe('undetermined');
  });

  it('that failed is no "no", whatever the error', () => {
    for (const code of ['THROTTLED', 'IMAGE_NOT_FOUND', 'BAD_REFERENCE'] as const) {
      const judged = judge({ type: 'failed', error: new ProofgateError(code, 'why', { hint: 'do' }) });
      expect(judged.outcome).toBe('undetermined');
      expect(reasonsOf(judged)).toEqual([
        `policy.evaluation: ${code === 'THROTTLED' ? code : 'POLICY_FAILED'}`,
      ]);
      expect(judged.findings[0]).toMatchObject({ message: 'why', hint: 'do' });
    }
  });

  it('rejects for a violation without code, term and solution, too', () => {
    const judged = judge({
      type: 'evaluated',
      verdict: { ...verdict, violations: [{ message: 'no', rule: {} }], successes: [message] },
      keep,
    });
    expect(judged.outcome).toBe('rejected');
    expect(judged.findings).toMatchObject([
      { code: '', message: 'no', reason: 'POLICY_VIOLATION', rule: {} },
    ]);
  });
});
