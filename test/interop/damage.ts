// What an attacker with push rights does to proofs: edits, re-wrapping, forging, moving.
import { type KeyObject, sign } from 'node:crypto';
import { type Digest, digestHex } from '../../src/base/digest.ts';
import type { Layout, Part, Proof } from './proofs.ts';

interface Envelope {
  readonly payloadType: string;
  /** base64 */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid?: string; readonly sig: string }[];
}

type Json = Record<string, unknown>;
type PayloadEdit = (payload: Buffer) => Buffer;

const SIGNATURE_ANNOTATION = 'dev.cosignproject.cosign/signature';
const LOG_ANNOTATION = 'dev.sigstore.cosign/bundle';

/** Whether the part is a DSSE envelope in that layout; the other thing is simple signing. */
export function isEnvelope(layout: Layout, part: Part): boolean {
  return layout === 'bundle' || part === 'attestation';
}

/** Says more than was signed; the signature stays. */
export const sayMore: PayloadEdit = (payload) => {
  const said = JSON.parse(payload.toString()) as Json;
  const more = { addedLater: true };
  return Buffer.from(
    JSON.stringify(
      'critical' in said
        ? { ...said, optional: more }
        : { ...said, predicate: { ...(said.predicate as Json), ...more } },
    ),
  );
};

/** Says the same in other bytes. */
export const respace: PayloadEdit = (payload) =>
  Buffer.from(JSON.stringify(JSON.parse(payload.toString()), null, 2));

/** Names another image. */
export function nameSubject(digest: Digest): PayloadEdit {
  return (payload) => {
    const said = JSON.parse(payload.toString()) as Json;
    if (!('critical' in said)) {
      return Buffer.from(
        JSON.stringify({ ...said, subject: [{ name: 'app', digest: { sha256: digestHex(digest) } }] }),
      );
    }
    const critical = { ...(said.critical as Json), image: { 'docker-manifest-digest': digest } };
    return Buffer.from(JSON.stringify({ ...said, critical }));
  };
}

/** Changes the signed bytes and keeps the signature. */
export function editPayload(proof: Proof, layout: Layout, part: Part, edit: PayloadEdit): Proof {
  if (!isEnvelope(layout, part)) return { ...proof, blob: edit(proof.blob) };
  return editEnvelope(proof, layout, (envelope) => ({
    ...envelope,
    payload: edit(Buffer.from(envelope.payload, 'base64')).toString('base64'),
  }));
}

/** Wraps the same payload and signature as another type of payload. */
export function editPayloadType(proof: Proof, layout: Layout, payloadType: string): Proof {
  return editEnvelope(proof, layout, (envelope) => ({ ...envelope, payloadType }));
}

/** Changes the payload and signs it again, as only the holder of the key can. */
export function resign(proof: Proof, layout: Layout, part: Part, key: KeyObject, edit: PayloadEdit): Proof {
  const signBase64 = (bytes: Buffer) => sign('sha256', bytes, key).toString('base64');
  const edited = editPayload(proof, layout, part, edit);
  if (!isEnvelope(layout, part)) return annotateLayer(edited, SIGNATURE_ANNOTATION, signBase64(edited.blob));
  return editEnvelope(edited, layout, (envelope) => ({
    ...envelope,
    signatures: [{ sig: signBase64(preAuthEncoding(envelope)) }],
  }));
}

/** Takes the entry of the transparency log away, or puts that of another proof in its place. */
export function replaceLogEntry(proof: Proof, layout: Layout, other?: Proof): Proof {
  if (layout === 'legacy')
    return annotateLayer(proof, LOG_ANNOTATION, other && layerAnnotation(other, LOG_ANNOTATION));
  const bundle = parseBundle(proof);
  const tlogEntries = other === undefined ? [] : parseBundle(other).verificationMaterial.tlogEntries;
  const verificationMaterial = { ...bundle.verificationMaterial, tlogEntries };
  return { ...proof, blob: Buffer.from(JSON.stringify({ ...bundle, verificationMaterial })) };
}

function parseBundle(proof: Proof): { readonly verificationMaterial: Json } {
  return JSON.parse(proof.blob.toString()) as { verificationMaterial: Json };
}

function layerAnnotation(proof: Proof, name: string): string | undefined {
  return proof.manifest.layers?.[0]?.annotations?.[name];
}

function editEnvelope(proof: Proof, layout: Layout, edit: (envelope: Envelope) => Envelope): Proof {
  const json = JSON.parse(proof.blob.toString()) as Json;
  const edited =
    layout === 'bundle'
      ? { ...json, dsseEnvelope: edit(json.dsseEnvelope as Envelope) }
      : edit(json as unknown as Envelope);
  return { ...proof, blob: Buffer.from(JSON.stringify(edited)) };
}

/** Sets an annotation of the layer, or takes it away. */
function annotateLayer(proof: Proof, name: string, value: string | undefined): Proof {
  const layers = (proof.manifest.layers ?? []).map((layer) => {
    const { [name]: _, ...annotations } = layer.annotations ?? {};
    return { ...layer, annotations: value === undefined ? annotations : { ...annotations, [name]: value } };
  });
  return { ...proof, manifest: { ...proof.manifest, layers } };
}

/** DSSE v1, "PAE". */
function preAuthEncoding({ payloadType, payload }: Envelope): Buffer {
  const body = Buffer.from(payload, 'base64');
  return Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body]);
}
