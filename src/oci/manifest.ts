// A manifest or index as fetched and checked: parsed, with the very bytes that its digest covers.
import { z } from 'zod';
import { type Digest, isDigest } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import { findOtherCase } from '../base/member-case.ts';
import { findDuplicateKey } from '../base/structured-text.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from './media-types.ts';

const INDEX_TYPES = new Set([OCI_INDEX, DOCKER_LIST]);
const IMAGE_TYPES = new Set([OCI_MANIFEST, DOCKER_MANIFEST]);
const MAX_MEDIA_TYPE_LENGTH = 255;

/** OCI image-spec, descriptor.md. Parsed from untrusted JSON: sizes are safe integers, digests well formed. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly platform?: Platform;
}

export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
}

interface ManifestBase {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly subject?: Descriptor;
}

export interface ImageManifest extends ManifestBase {
  readonly kind: 'image';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ImageIndex extends ManifestBase {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

export type Manifest = ImageManifest | ImageIndex;

/** What is there is no manifest that could be used: asking again changes nothing. Its code is `REGISTRY_PROTOCOL`. */
export class MalformedManifest extends ProofgateError {}

const annotationsSchema = z
  .record(z.string(), z.string())
  .nullish()
  .transform((annotations) => annotations ?? {});
const platformSchema = z.object({
  architecture: z.string().default(''),
  os: z.string().default(''),
  variant: z.string().nullish(),
});
const descriptorSchema = z
  .object({
    mediaType: z.string().max(MAX_MEDIA_TYPE_LENGTH),
    digest: z.string().refine(isDigest),
    size: z.int().nonnegative(),
    annotations: annotationsSchema,
    artifactType: z.string().nullish(),
    platform: platformSchema.nullish(),
  })
  .transform(toDescriptor);
/** Go writes an empty list as null. */
const descriptorsSchema = z
  .array(descriptorSchema)
  .nullish()
  .transform((descriptors) => descriptors ?? []);
const documentSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().max(MAX_MEDIA_TYPE_LENGTH).nullish(),
  artifactType: z.string().nullish(),
  annotations: annotationsSchema,
  subject: descriptorSchema.nullish(),
  config: descriptorSchema.optional(),
  layers: descriptorsSchema.optional(),
  manifests: descriptorsSchema.optional(),
});

type Document = z.infer<typeof documentSchema>;

/**
 * Parses what a registry served, whose digest the caller has computed from these very bytes.
 *
 * The same bytes must never be an image to one reader and an index to another (CVE-2021-41190): the body's
 * `mediaType` and the answer's `Content-Type` have to agree, and nothing may have the members of both kinds.
 * @param contentType of the answer; only the body is covered by the digest
 * @throws MalformedManifest; ProofgateError `REGISTRY_PROTOCOL` when readers differ about what it says
 */
export function parseManifest(bytes: Buffer, digest: Digest, contentType: string | undefined): Manifest {
  const document = parseDocument(bytes, digest);
  const mediaType = toMediaType(document, contentType, digest);
  const base = {
    digest,
    mediaType,
    bytes,
    annotations: document.annotations,
    ...(document.artifactType ? { artifactType: document.artifactType } : {}),
    ...(document.subject ? { subject: document.subject } : {}),
  };
  const { config, layers, manifests } = document;
  if (INDEX_TYPES.has(mediaType)) {
    if (config !== undefined || layers !== undefined)
      throw malformed(digest, 'it is an index with config or layers');
    return { ...base, kind: 'index', manifests: manifests ?? [] };
  }
  if (manifests !== undefined) throw malformed(digest, 'it is an image with a list of manifests');
  if (config === undefined) throw malformed(digest, 'it is an image without config');
  return { ...base, kind: 'image', config, layers: layers ?? [] };
}

function parseDocument(bytes: Buffer, digest: Digest): Document {
  let json: unknown;
  let twice: string | undefined;
  try {
    const text = bytes.toString('utf8');
    json = JSON.parse(text);
    twice = findDuplicateKey(text);
  } catch (cause) {
    throw malformed(digest, 'it is no JSON', cause);
  }
  const name = twice ?? findUnclear(json);
  if (name !== undefined) throw unclear(digest, name);
  const document = documentSchema.safeParse(json);
  if (document.success) return document.data;
  const issue = document.error.issues[0];
  throw malformed(
    digest,
    `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is malformed'}`,
    document.error,
  );
}

/**
 * A member in another case: whoever runs the image would take `Layers` for its layers, and whoever verifies it those that
 * `layers` names.
 */
function findUnclear(json: unknown): string | undefined {
  if (!isMap(json)) return undefined;
  const lists = [json.layers, json.manifests].flatMap((list) => (Array.isArray(list) ? list : []));
  const descriptors = [json.config, json.subject, ...lists].filter(isMap);
  const platforms = descriptors.map(({ platform }) => platform).filter(isMap);
  const names = [
    findOtherCase(json, Object.keys(documentSchema.shape)),
    ...descriptors.map((one) => findOtherCase(one, Object.keys(descriptorSchema.in.shape))),
    ...platforms.map((one) => findOtherCase(one, Object.keys(platformSchema.shape))),
  ];
  return names.find((name) => name !== undefined);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function toMediaType(document: Document, contentType: string | undefined, digest: Digest): string {
  const served = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const stated = document.mediaType ?? served;
  const isKnown = INDEX_TYPES.has(stated) || IMAGE_TYPES.has(stated);
  if (!isKnown)
    throw malformed(digest, `its media type ${JSON.stringify(stated.slice(0, 80))} is no image or index`);
  const servedIsKnown = INDEX_TYPES.has(served) || IMAGE_TYPES.has(served);
  if (servedIsKnown && served !== stated)
    throw malformed(digest, `it is ${stated} and was served as ${served}`);
  return stated;
}

function toDescriptor(raw: {
  mediaType: string;
  digest: Digest;
  size: number;
  annotations: Record<string, string>;
  artifactType?: string | null | undefined;
  platform?: { architecture: string; os: string; variant?: string | null | undefined } | null | undefined;
}): Descriptor {
  const { artifactType, platform, ...rest } = raw;
  return {
    ...rest,
    ...(artifactType ? { artifactType } : {}),
    ...(platform ? { platform: toPlatform(platform) } : {}),
  };
}

function toPlatform(raw: {
  architecture: string;
  os: string;
  variant?: string | null | undefined;
}): Platform {
  const { architecture, os, variant } = raw;
  return { architecture, os, ...(variant ? { variant } : {}) };
}

/** No `MalformedManifest`: to others it is one, so that it must not count as absent. */
function unclear(digest: Digest, name: string): ProofgateError {
  const shown = JSON.stringify(name.slice(0, 80));
  return new ProofgateError('REGISTRY_PROTOCOL', `manifest ${digest}: ${shown} is not clear in it`, {
    hint: 'Names of members are there once, and in the case that the specification gives them: build the image again.',
  });
}

function malformed(digest: Digest, why: string, cause?: unknown): MalformedManifest {
  return new MalformedManifest('REGISTRY_PROTOCOL', `manifest ${digest}: ${why}`, {
    cause,
    hint: 'Check that the reference is a container image, and that no proxy answers for the registry.',
  });
}
