// A gate with policies: rules in files, one call that gives a policy as its user would write it.
import { type RuleText, rego } from '../../support/policies.ts';
import { tempDirectory } from '../../support/temp.ts';
import { openGate } from './gate.ts';
import type { SharedEngine } from './shared-engine.ts';

export type PolicyScene = Awaited<ReturnType<typeof openPolicyScene>>;

/** Close it after the test. */
export async function openPolicyScene(shared: SharedEngine) {
  const gate = await openGate({}, { openEngine: shared.openEngine });
  const temp = tempDirectory();
  let count = 0;
  /** A file with this text; its path is a source. */
  const file = (text: string, extension = 'rego') => {
    count += 1;
    return temp.write(`source-${count}.${extension}`, text);
  };
  return {
    ...gate,
    temp,
    file,
    /** A policy of one source group with these rules. `group` and `spec` are members beside them. */
    policy: (rules: readonly RuleText[], group: object = {}, spec: object = {}) =>
      JSON.stringify({ sources: [{ policy: [file(rego(...rules))], ...group }], ...spec }),
    close: async () => {
      temp.remove();
      await gate.close();
    },
  };
}
