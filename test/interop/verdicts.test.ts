// For each version of cosign that writes and each way of storing: what is sound verifies, what was tampered
// with does not, and every cosign that can read it agrees.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ReportedComponent, trustFlags, verify } from './command.ts';
import type { Layout, Part } from './proofs.ts';
import { COSIGN_TOOLS, openScene, type Scene } from './scene.ts';
import { TRIALS, type Trial, type TrialCase } from './trials.ts';

const CHECK = {
  signature: 'builtin.image.signature_check',
  attestation: 'builtin.attestation.signature_check',
} as const;
const MISSING = { signature: 'NO_SIGNATURE', attestation: 'NO_ATTESTATION' } as const;

const WRITERS = COSIGN_TOOLS.flatMap((tool) =>
  (['legacy', 'bundle'] as const).flatMap((layout) =>
    (['signature', 'attestation'] as const).flatMap((part) =>
      (['key', 'logged key', 'identity'] as const).map((mode) => ({ tool, layout, part, mode })),
    ),
  ),
)
  // cosign 2.5 stores attestations as bundles, and signatures only in the legacy way.
  .filter(
    ({ tool, layout, part }) => tool.name !== 'cosign-2' || layout === 'legacy' || part === 'attestation',
  );

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

describe.each(WRITERS)('$part by $tool.name, $layout layout, $mode', ({ tool, layout, part, mode }) => {
  for (const { title, arrange, verdict } of TRIALS.filter((trial) =>
    trial.appliesTo({ layout, part, mode }),
  )) {
    it(`an image with its ${part} ${title}`, async (context) => {
      const writer = scene.cosigns.find((cosign) => cosign.name === tool.name);
      if (writer === undefined || !(await writer.canWrite(layout, part))) {
        return context.skip(`${tool.name} ${tool.version} does not write the ${layout} layout any more`);
      }
      const trial = await arrange({ scene, writer, layout, part, mode });
      expect(await judge(trial, part)).toEqual(judgement(part, verdict));
      expect(await askCosigns(trial, layout, part)).toEqual(unanimous(layout, part, verdict === 'verified'));
    });
  }
});

interface Judgement {
  readonly exitCode: number;
  readonly outcome: string;
  readonly findings: readonly { readonly code: string; readonly reason: string }[];
}

async function judge({ image, trust }: Trial, part: Part): Promise<Judgement> {
  const args = [image.reference, '--require', part, ...trustFlags(trust, scene.sigstoreFiles)];
  const { exitCode, report } = await verify(args);
  const { outcome, violations = [], undetermined = [] } = report.components[0] as ReportedComponent;
  const findings = [...violations, ...undetermined].map(({ metadata: { code, reason } }) => ({
    code,
    reason,
  }));
  return { exitCode, outcome, findings };
}

function judgement(part: Part, verdict: TrialCase['verdict']): Judgement {
  if (verdict === 'verified') return { exitCode: 0, outcome: 'verified', findings: [] };
  const reason = verdict === 'missing' ? MISSING[part] : verdict;
  return { exitCode: 1, outcome: 'rejected', findings: [{ code: CHECK[part], reason }] };
}

type Opinions = Readonly<Record<string, boolean>>;

/** Whether each cosign that can read the part accepts it. */
async function askCosigns({ image, trust }: Trial, layout: Layout, part: Part): Promise<Opinions> {
  const opinions = readers(layout, part).map(
    async (cosign) => [cosign.name, await cosign.accepts(image.reference, layout, part, trust)] as const,
  );
  return Object.fromEntries(await Promise.all(opinions));
}

function unanimous(layout: Layout, part: Part, accepts: boolean): Opinions {
  return Object.fromEntries(readers(layout, part).map(({ name }) => [name, accepts]));
}

function readers(layout: Layout, part: Part) {
  return scene.cosigns.filter((cosign) => cosign.canRead(layout, part));
}
