// The table of the suite: what happened to an image's proof, and what must become of the image.
import type { ErrorCode } from '../../src/base/errors.ts';
import { type Image, pushImage } from './content.ts';
import type { Cosign, SignAs, Trust } from './cosign.ts';
import {
  editPayload,
  editPayloadType,
  isEnvelope,
  nameSubject,
  replaceLogEntry,
  resign,
  respace,
  sayMore,
} from './damage.ts';
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

/** `key`: without transparency log. `logged key` and `identity`: with it. */
export type Mode = 'key' | 'logged key' | 'identity';

/** What a line of the table is tried on. */
export interface Setting {
  readonly layout: Layout;
  readonly part: Part;
  readonly mode: Mode;
}

/** Who writes which part of the proof of an image, and how. */
export interface Stage extends Setting {
  readonly scene: Scene;
  readonly writer: Cosign;
}

/** The image to judge, and whom to trust. */
export interface Trial {
  readonly image: Image;
  readonly trust: Trust;
}

export interface TrialCase {
  /** Completes "an image with its signature …". */
  readonly title: string;
  readonly appliesTo: (setting: Setting) => boolean;
  readonly arrange: (stage: Stage) => Promise<Trial>;
  /** `missing`: the code that says that there is none of this part. */
  readonly verdict: 'verified' | 'missing' | ErrorCode;
}

// A key that is logged is tried on what the log adds: the rest is as without it.
const byKeyOrIdentity = ({ mode }: Setting): boolean => mode !== 'logged key';
const inAnyMode = (): boolean => true;
const byKey = ({ mode }: Setting): boolean => mode === 'key';
const byIdentity = ({ mode }: Setting): boolean => mode === 'identity';
const logged = ({ mode }: Setting): boolean => mode !== 'key';

export const TRIALS: readonly TrialCase[] = [
  {
    title: 'as it was written verifies',
    appliesTo: inAnyMode,
    arrange: async (stage) => judgeByTrusted(stage, await pushProven(stage)),
    verdict: 'verified',
  },
  {
    title: 'whose payload says more than was signed is rejected',
    appliesTo: byKeyOrIdentity,
    arrange: (stage) => edited(stage, (proof) => editPayload(proof, stage.layout, stage.part, sayMore)),
    verdict: 'SIGNATURE_INVALID',
  },
  {
    title: 'whose payload says the same in other bytes is rejected',
    appliesTo: byKeyOrIdentity,
    arrange: (stage) => edited(stage, (proof) => editPayload(proof, stage.layout, stage.part, respace)),
    verdict: 'SIGNATURE_INVALID',
  },
  {
    title: 'whose payload was changed to name another image is rejected',
    appliesTo: byKeyOrIdentity,
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
    appliesTo: ({ layout, part, mode }) => mode !== 'logged key' && isEnvelope(layout, part),
    arrange: (stage) => edited(stage, (proof) => editPayloadType(proof, stage.layout, 'application/json')),
    verdict: 'SIGNATURE_INVALID',
  },
  {
    title: 'copied to it from another image is rejected',
    appliesTo: byKeyOrIdentity,
    arrange: async (stage) => {
      const other = await pushImage(stage.scene.repository);
      await pushProofOf(stage, other, (proof) => proof);
      return judgeByTrusted(stage, other);
    },
    verdict: 'SUBJECT_MISMATCH',
  },
  {
    title: 'listed as a referrer of it but referring to another image is rejected',
    appliesTo: ({ layout, mode }) => mode !== 'logged key' && layout === 'bundle',
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
    appliesTo: byKey,
    arrange: async (stage) => {
      const other = await pushImage(stage.scene.repository);
      return resigned(stage, (payload) => nameSubject(other.descriptor.digest)(payload));
    },
    verdict: 'SUBJECT_MISMATCH',
  },
  {
    title: 'made by hand with the right key verifies',
    appliesTo: byKey,
    arrange: (stage) => resigned(stage, respace),
    verdict: 'verified',
  },
  {
    title: 'made with a key that nobody trusts is rejected',
    appliesTo: byKey,
    arrange: async (stage) => {
      const stranger = { type: 'key', key: stage.scene.stranger } as const;
      return judgeByTrusted(stage, await pushProven(stage, stranger));
    },
    // Nothing that can be believed says whose key it was.
    verdict: 'SIGNATURE_INVALID',
  },
  {
    title: 'made by another subject of the same issuer is rejected',
    appliesTo: byIdentity,
    arrange: async (stage) => {
      const stranger = { type: 'identity', services: stage.scene.otherSubject } as const;
      return judgeByTrusted(stage, await pushProven(stage, stranger));
    },
    verdict: 'SIGNER_MISMATCH',
  },
  {
    title: 'made by the same subject of another issuer is rejected',
    appliesTo: byIdentity,
    arrange: async (stage) => {
      const stranger = { type: 'identity', services: stage.scene.otherIssuer } as const;
      return judgeByTrusted(stage, await pushProven(stage, stranger));
    },
    verdict: 'SIGNER_MISMATCH',
  },
  {
    title: 'that lost its entry of the transparency log is rejected',
    appliesTo: logged,
    arrange: (stage) => edited(stage, (proof) => replaceLogEntry(proof, stage.layout)),
    verdict: 'LOG_ENTRY_MISSING',
  },
  {
    title: 'with the log entry of another one is rejected',
    appliesTo: logged,
    arrange: async (stage) => {
      const other = await readProof(await pushProven(stage), stage.layout, stage.part);
      return edited(stage, (proof) => replaceLogEntry(proof, stage.layout, other));
    },
    verdict: 'LOG_ENTRY_INVALID',
  },
  {
    title: 'taken away is rejected',
    appliesTo: byKeyOrIdentity,
    arrange: async (stage) => {
      const image = await pushProven(stage);
      await removeProof(image, stage.layout, stage.part);
      return judgeByTrusted(stage, image);
    },
    verdict: 'missing',
  },
  {
    title: 'still there behind a forged one verifies',
    appliesTo: byKeyOrIdentity,
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
export async function pushProven(stage: Stage, signer: SignAs = trustedSigner(stage)): Promise<Image> {
  const { scene, writer, layout, part } = stage;
  const image = await pushImage(scene.repository);
  if (part === 'signature') await writer.sign(image.reference, layout, signer);
  else await writer.attest(image.reference, layout, signer, scene.provenance.slsaprovenance1);
  return image;
}

function trustedSigner({ scene, mode }: Stage): SignAs {
  if (mode === 'identity') return { type: 'identity', services: scene.services };
  const key = { type: 'key', key: scene.trusted } as const;
  return mode === 'key' ? key : { ...key, services: scene.services };
}

function judgeByTrusted({ scene, mode }: Stage, image: Image): Trial {
  if (mode === 'identity') return { image, trust: { type: 'identity', ...scene.identity } };
  return { image, trust: { type: 'key', publicKey: scene.trusted.publicKey, logged: mode === 'logged key' } };
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
  return { image, trust: { type: 'key', publicKey: scene.held.publicKey, logged: false } };
}
