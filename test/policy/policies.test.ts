// What is left of Policies when everything around it is real: see test/validate/policy.test.ts for the rest.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { digestOf } from '../../src/base/digest.ts';
import type { ImageSource } from '../../src/oci/image-source.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { parseEffectiveTime } from '../../src/policy/effective-time.ts';
import type { HostFunctions } from '../../src/policy/engine.ts';
import { Policies, type PoliciesOptions } from '../../src/policy/policies.ts';
import type { PolicySubject } from '../../src/policy/verdict.ts';
import { type OpenedEngine, openEngine } from '../../src/policy/wasm/open-engine.ts';
import { type RuleText, rego } from '../support/policies.ts';
import { codeOf } from '../verify/support/world.ts';

const EMPTY = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('{}'), size: 2 };
const MANIFEST = Buffer.from(
  JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: EMPTY, layers: [] }),
);
const images: Pick<ImageSource, 'blob'> = { blob: async () => Buffer.from('{}') };

let opened: OpenedEngine;
beforeAll(() => {
  opened = openEngine({ threads: 1, clock: systemClock });
});
afterAll(() => opened.engine.close());

function subject(name: string): PolicySubject {
  return {
    name,
    source: {},
    repository: { registry: 'registry.test', name },
    manifest: parseManifest(MANIFEST, digestOf(MANIFEST), OCI_MANIFEST),
    snapshot: '{}',
    attestations: [],
    signatures: [],
  };
}

/** Policies of one source group for each list of rules. */
function policies(groups: readonly (readonly RuleText[])[], more: Partial<PoliciesOptions> = {}) {
  const functions: HostFunctions = async () => undefined;
  return Policies.open({
    loaded: {
      summary: { spec: {}, sources: [] },
      specJson: '{}',
      configuration: undefined,
      groups: groups.map((rules) => ({
        name: undefined,
        program: { modules: [{ path: 'main.rego', text: rego(...rules) }], data: '{}' },
        config: undefined,
        volatileConfig: undefined,
      })),
    },
    effectiveTime: parseEffectiveTime('now', 0, { allowPast: false }),
    engine: opened.engine,
    host: () => ({ functions, keep: async () => {} }),
    images: images as ImageSource,
    concurrency: opened.concurrency,
    keepInput: false,
    ...more,
  });
}

const PASSES: RuleText = { short: 'passes', when: 'false' };

describe('Policies', () => {
  it('give no verdict when there is nobody to ask', async () => {
    const none = await policies([]);
    expect(await codeOf(none.evaluate(subject('app')))).toBe('POLICY_EMPTY');
  });

  it('keep inputs for those who want to see them, and let go of them otherwise', async () => {
    const plain = await (await policies([[PASSES]])).evaluate(subject('app'));
    expect(plain.verdict.input).toBeUndefined();
    const { verdict } = await (await policies([[PASSES]], { keepInput: true })).evaluate(subject('app'));
    expect(JSON.parse(verdict.input ?? '')).toMatchObject({ component_name: 'app' });
  });

  it('have no more inputs in memory at once than they may', async () => {
    let active = 0;
    let most = 0;
    const functions: HostFunctions = async () => {
      active += 1;
      most = Math.max(most, active);
      // Others would come in meanwhile, if they could.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      active -= 1;
      return 'x';
    };
    const looks = { short: 'looks', when: 'ec.oci.blob(input.component_name) == "y"' };
    const few = await policies([[looks]], {
      concurrency: 2,
      host: () => ({ functions, keep: async () => {} }),
    });
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const answers = await Promise.all(names.map((name) => few.evaluate(subject(name))));
    expect(answers.map(({ verdict }) => verdict.successes.length)).toEqual(names.map(() => 1));
    expect(most).toBeLessThanOrEqual(2);
  });

  it('ask nobody once they are told to stop', async () => {
    const stopped = AbortSignal.abort(new Error('stop'));
    await expect((await policies([[PASSES]])).evaluate(subject('app'), stopped)).rejects.toThrow('stop');
  });
});
