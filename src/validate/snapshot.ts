// A snapshot in Conforma's shape: parsing, merging, and nothing of the network.
import { z } from 'zod';
import { ProofgateError } from '../base/errors.ts';
import { parseReference } from '../oci/reference.ts';
import type { GitSource } from '../report/report.ts';
import { badSnapshot, parseSnapshotText } from './snapshot-text.ts';

export interface SnapshotComponent {
  readonly name: string;
  readonly containerImage: string;
  readonly source: { readonly git?: GitSource };
}

export interface SnapshotSpec {
  readonly application: string;
  readonly components: readonly SnapshotComponent[];
}

/** What a text holds, and all that is wrong with it. With problems, `spec` holds the sound components only. */
export interface ParsedSnapshot {
  readonly spec: SnapshotSpec;
  readonly problems: readonly ProofgateError[];
}

/** A snapshot has at most this many components, before indexes are expanded. */
export const MAX_COMPONENTS = 10_000;

const MAX_PROBLEMS = 50;
const NOTHING: SnapshotSpec = { application: '', components: [] };

// Go reads a missing member, or null, as the empty value; its YAML reader takes scalars for strings.
const text = z
  .union([z.string(), z.number(), z.boolean()])
  .nullish()
  .transform((value) => String(value ?? ''));

const gitSource = z
  .object({ url: text, revision: text, context: text, devfileUrl: text, dockerfileUrl: text })
  .nullish()
  .transform((git) => (git == null ? undefined : toGitSource(git)));

const component = z.object({
  name: text,
  containerImage: z.string('is not a text').refine((image) => image.trim() !== '', 'is empty'),
  source: z.object({ git: gitSource }).nullish(),
});

const snapshot = z.object({
  application: text,
  components: z
    .array(z.unknown(), 'is not a list: this is no snapshot')
    .min(1, 'is empty')
    .max(MAX_COMPONENTS, `has more than ${MAX_COMPONENTS} entries`),
});

/**
 * Reads JSON or YAML: the bare spec, or an object with the spec under `spec`. Members that the shape does not
 * know are ignored. Every problem names the position of its component.
 */
export function parseSnapshot(content: string): ParsedSnapshot {
  let value: unknown;
  try {
    value = parseSnapshotText(content);
  } catch (error) {
    if (error instanceof ProofgateError) return { spec: NOTHING, problems: [error] };
    throw error;
  }
  const spec = bareSpec(value);
  if (spec !== value && Object.hasOwn(value as object, 'components')) {
    // Another reader of this file may take the others.
    return { spec: NOTHING, problems: [badSnapshot('it has components both bare and under spec')] };
  }
  const result = snapshot.safeParse(spec);
  if (!result.success) return { spec: NOTHING, problems: toProblems(result.error, '') };

  const problems: ProofgateError[] = [];
  const components = result.data.components.flatMap((value, index) => {
    const checked = parseComponent(value, `components[${index}]`);
    problems.push(...checked.problems);
    return checked.component ?? [];
  });
  return { spec: { application: result.data.application, components }, problems: bounded(problems) };
}

/** A component for an image that was named without a snapshot; it gets its name in `mergeSnapshots`. */
export function toComponent(containerImage: string): SnapshotComponent {
  return { name: '', containerImage, source: {} };
}

/**
 * The components of all, in order. The first `application` counts. Components with the same
 * `containerImage` become one, the first: its name, when empty or `Unnamed`, is taken from a later one.
 * What stays nameless is called after the last part of its repository.
 */
export function mergeSnapshots(snapshots: readonly SnapshotSpec[]): SnapshotSpec {
  const byImage = new Map<string, SnapshotComponent>();
  for (const later of snapshots.flatMap((spec) => spec.components)) {
    const first = byImage.get(later.containerImage);
    if (first === undefined) byImage.set(later.containerImage, later);
    else if (isUnnamed(first) && later.name !== '')
      byImage.set(first.containerImage, { ...first, name: later.name });
  }
  const components = [...byImage.values()].map((item) =>
    item.name === '' ? { ...item, name: repositoryName(item.containerImage) } : item,
  );
  return { application: snapshots.find((spec) => spec.application !== '')?.application ?? '', components };
}

/** JSON in the shape that Conforma's policies know, by image. */
export function renderSnapshot({ application, components }: SnapshotSpec): string {
  const byImage = components.toSorted((a, b) =>
    a.containerImage < b.containerImage ? -1 : Number(a.containerImage > b.containerImage),
  );
  return JSON.stringify({ application, components: byImage, artifacts: {} });
}

function bareSpec(parsed: unknown): unknown {
  if (typeof parsed !== 'object' || parsed === null || !('spec' in parsed)) return parsed;
  return typeof parsed.spec === 'object' && parsed.spec !== null ? parsed.spec : parsed;
}

function parseComponent(
  value: unknown,
  where: string,
): { component?: SnapshotComponent; problems: ProofgateError[] } {
  const result = component.safeParse(value);
  if (!result.success) return { problems: toProblems(result.error, where) };
  const { name, source } = result.data;
  const containerImage = result.data.containerImage.trim();
  const problems = referenceProblems(containerImage, where);
  if (problems.length > 0) return { problems };
  return {
    component: { name, containerImage, source: source?.git === undefined ? {} : { git: source.git } },
    problems,
  };
}

function referenceProblems(containerImage: string, where: string): ProofgateError[] {
  try {
    parseReference(containerImage);
    return [];
  } catch (error) {
    if (!(error instanceof ProofgateError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return [
      new ProofgateError(error.code, `${where}.containerImage: ${error.message}`, { cause: error, ...hint }),
    ];
  }
}

function toGitSource(git: Record<keyof GitSource, string>): GitSource {
  const { url, ...rest } = git;
  const given = Object.entries(rest).filter(([, value]) => value !== '');
  return { url, ...Object.fromEntries(given) };
}

function isUnnamed(item: SnapshotComponent): boolean {
  return item.name === '' || item.name === 'Unnamed';
}

function repositoryName(containerImage: string): string {
  const [name = ''] = containerImage.split('@', 1);
  return name.slice(name.lastIndexOf('/') + 1).replace(/:.*$/, '');
}

function toProblems(error: z.ZodError, where: string): ProofgateError[] {
  return error.issues.map((issue) => {
    const path = [where, ...issue.path.map(String)].filter((part) => part !== '').join('.');
    return badSnapshot(`${path === '' ? 'it' : path} ${describe(issue.message)}`);
  });
}

/** Messages of ours begin with a verb; the others are the library's. */
function describe(message: string): string {
  return /^(?:is|has) /.test(message) ? message : `is not what a snapshot has there (${message})`;
}

function bounded(problems: readonly ProofgateError[]): readonly ProofgateError[] {
  if (problems.length <= MAX_PROBLEMS) return problems;
  const more = badSnapshot(`${problems.length - MAX_PROBLEMS} more problems of this snapshot`);
  return [...problems.slice(0, MAX_PROBLEMS), more];
}
