// The table of the suite: what happened to an image's proof, and what must become of the image.
import type { ErrorCode } from '../../src/base/errors.ts';
import { type Image, pushImage } from './content.ts';
import type { Cosign, KeyPair } from './cosign.ts';
import { editPayload, editPayloadType, isEnvelope, nameSubject, resign, respace, sayMore } from './damage.ts';
import {
  addProof,
  findReferrer,
  type Layout,
  listReferrer,
  type Part,
  type Proof,
  readProof,
  removeProof,
  writeProof,
} from './proofs.ts';
import type { Scene } from './scene.ts';

/** Who writes which part of the proof of an image, and how. */
export interface Stage {
  readonly scene: Scene;
  readonly writer: Cosign;
  readonly layout: Layout;
  readonly part: Part;
}

/** The image to judge, and the key that it is judged by. */
export interface Trial {
  readonly image: Image;
  readonly publicKey: string;
}

export interface TrialCase {
  /** Completes "an image with its signature …". */
  readonly title: string;
  readonly appliesTo: (layout: Layout, part: Part) => boolean;
  readonly arrange: (stage: Stage) => Promise<Trial>;
  /** `missing`: the code that says that there is none of this part. */
  readonly verdict: 'verified' | 'missing' | ErrorCode;
}

const always = (): boolean => true;

export const TRIALS: readonly TrialCase[] = [
  {
    title: 'as it was written verifies',
    appliesTo: always,
    arrange: async (stage) => judgeByTrusted(stage, await pushProven(stage)),
    verdict: 'verified',
  },
  {
    title: 'whose payload says more than was signed is rejected',
    appliesTo: always,
    arrange: (stage) => edited(stage, (proof) => editPayload(proof, stage.layout, stage.part, sayMore)),
    verdict: 'SIGNATURE_INVALID',
  },
  {
    title: 'whose payload says the same in other bytes is rejected',
    appliesTo: always,
    arrange: (stage) => edited(stage, (proof) => editPayload(proof, stage.layout, stage.part, respace)),
    verdict: 'SIGNATURE_INVALID',
  },
  {
    title: 'whose payload was changed to name another image is rejected',
    appliesTo: always,
    arrange: async (stage) => {
      const other = await pushImage(stage.scene.repository);
      const edit = nameSubject(other.descriptor.digest);
      await pushProofOf(stage, other, (proof) => editPayload(proof, stage.layout, stage.part, edit));
      return judgeByTrusted(stage, other);
    },
    verdict: 'SIGNATURE_INVALID',
  },
  {
    title: 'that was wrapped again as another type of payload is rejected',
    appliesTo: isEnvelope,
    arrange: (stage) => edited(stage, (proof) => editPayloadType(proof, stage.layout, 'application/json')),
    verdict: 'SIGNATURE_INVALID',
  },
  {
    title: 'copied to it from another image is rejected',
    appliesTo: always,
    arrange: async (stage) => {
      const other = await pushImage(stage.scene.repository);
      await pushProofOf(stage, other, (proof) => proof);
      return judgeByTrusted(stage, other);
    },
    verdict: 'SUBJECT_MISMATCH',
  },
  {
    title: 'listed as a referrer of it but referring to another image is rejected',
    appliesTo: (layout) => layout === 'bundle',
    arrange: async (stage) => {
      const image = await pushProven(stage);
      const other = await pushImage(stage.scene.repository);
      await listReferrer(other, await findReferrer(image, stage.part));
      return judgeByTrusted(stage, other);
    },
    verdict: 'SUBJECT_MISMATCH',
  },
  {
    title: 'made with the right key about another image is rejected',
    appliesTo: always,
    arrange: async (stage) => {
      const other = await pushImage(stage.scene.repository);
      return resigned(stage, (payload) => nameSubject(other.descriptor.digest)(payload));
    },
    verdict: 'SUBJECT_MISMATCH',
  },
  {
    title: 'made by hand with the right key verifies',
    appliesTo: always,
    arrange: (stage) => resigned(stage, respace),
    verdict: 'verified',
  },
  {
    title: 'made with a key that nobody trusts is rejected',
    appliesTo: always,
    arrange: async (stage) => judgeByTrusted(stage, await pushProven(stage, stage.scene.stranger)),
    verdict: 'SIGNER_MISMATCH',
  },
  {
    title: 'taken away is rejected',
    appliesTo: always,
    arrange: async (stage) => {
      const image = await pushProven(stage);
      await removeProof(image, stage.layout, stage.part);
      return judgeByTrusted(stage, image);
    },
    verdict: 'missing',
  },
  {
    title: 'still there behind a forged one verifies',
    appliesTo: always,
    arrange: async (stage) => {
      const image = await pushProven(stage);
      const proof = await readProof(image, stage.layout, stage.part);
      await writeProof(
        image,
        stage.layout,
        stage.part,
        editPayload(proof, stage.layout, stage.part, sayMore),
      );
      await addProof(image, stage.layout, stage.part, proof);
      return judgeByTrusted(stage, image);
    },
    verdict: 'verified',
  },
];

/** A new image, with the stage's part of its proof as the writer makes it. */
export async function pushProven(stage: Stage, key: KeyPair = stage.scene.trusted): Promise<Image> {
  const { scene, writer, layout, part } = stage;
  const image = await pushImage(scene.repository);
  if (part === 'signature') await writer.sign(image.reference, layout, key);
  else await writer.attest(image.reference, layout, key, scene.provenance.slsaprovenance1);
  return image;
}

function judgeByTrusted(stage: Stage, image: Image): Trial {
  return { image, publicKey: stage.scene.trusted.publicKey };
}

async function edited(stage: Stage, edit: (proof: Proof) => Proof): Promise<Trial> {
  const image = await pushProven(stage);
  await writeProof(image, stage.layout, stage.part, edit(await readProof(image, stage.layout, stage.part)));
  return judgeByTrusted(stage, image);
}

/** Gives `other` the proof of a new image, changed by `edit`. */
async function pushProofOf(stage: Stage, other: Image, edit: (proof: Proof) => Proof): Promise<void> {
  const image = await pushProven(stage);
  await writeProof(other, stage.layout, stage.part, edit(await readProof(image, stage.layout, stage.part)));
}

/** The writer's proof, signed once more by hand after an edit; judged by the key of that hand. */
async function resigned(stage: Stage, edit: (payload: Buffer) => Buffer): Promise<Trial> {
  const { scene, layout, part } = stage;
  const image = await pushProven(stage);
  const proof = await readProof(image, layout, part);
  await writeProof(image, layout, part, resign(proof, layout, part, scene.held.privateKey, edit));
  return { image, publicKey: scene.held.publicKey };
}
