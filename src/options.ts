// Raw strings → one frozen Options. Every bad input is reported at once, before any request.
import { ProofgateError } from './base/errors.ts';
import { parseShard, type Shard } from './base/shard.ts';
import { parseReference } from './oci/reference.ts';
import { type CacheOptions, readCacheOptions } from './options/cache-options.ts';
import { type InputFiles, localFiles } from './options/input-files.ts';
import type { Surface } from './options/option-list.ts';
import { OptionReader, type RawOptions } from './options/option-reader.ts';
import { type PolicyOptions, readPolicyOptions } from './options/policy-options.ts';
import { areSignersGiven, type GivenSigners, readSigners } from './options/signer-options.ts';
import { readTrustSource } from './options/trust-options.ts';
import { parseHost, parseServiceUrl, quote } from './options/values.ts';
import { type OutputOptions, readOutputs } from './output-options.ts';
import { parseEffectiveTime } from './policy/effective-time.ts';
import { mergeSnapshots, parseSnapshot, type SnapshotSpec, toComponent } from './validate/snapshot.ts';
import { MAX_SNAPSHOT_BYTES } from './validate/snapshot-text.ts';
import type { TrustSource } from './verify/trust.ts';

export type Requirement = 'signature' | 'attestation';

export interface Options extends CacheOptions, PolicyOptions, OutputOptions {
  /** `images` and `snapshot` merged, de-duplicated by reference, not yet expanded. At least one component. */
  readonly snapshot: SnapshotSpec;
  /** Undefined: the whole of it. */
  readonly shard: Shard | undefined;
  /** Of images and attestations; nobody when only the policy may name them. */
  readonly signers: GivenSigners;
  /** Undefined: task bundles are collected and not verified. */
  readonly taskBundleSigners: GivenSigners | undefined;
  readonly require: ReadonlySet<Requirement>;
  readonly ignoreRekor: boolean;
  readonly rekorUrl: string | undefined;
  readonly trust: TrustSource;
  /** `host[:port]`, lower case; plain http is allowed to these beside loopback. */
  readonly insecureRegistries: ReadonlySet<string>;
  /** Most components under way at once. */
  readonly workers: number;
  /** For the whole run; 0 = none. */
  readonly timeoutMs: number;
  readonly strict: boolean;
  /** Action only: put the command on PATH. */
  readonly install: boolean;
}

export type ParsedOptions =
  | { readonly ok: true; readonly options: Options }
  | { readonly ok: false; readonly problems: readonly ProofgateError[] };

const MAX_WORKERS = 256;
/** A repository may be called so; a file that is there, in a list of images, is no repository. */
const SNAPSHOT_FILE = /\.(?:json|ya?ml)$/i;
/** What a reference begins with when it names its registry. */
const REGISTRY = /^(?:localhost|[^/]*\w[.:]\w[^/]*)\//;

/** Reads everything that the user gave, files included; touches no network. All problems are usage errors. */
export function parseOptions(
  raw: RawOptions,
  files: InputFiles = localFiles,
  surface: Surface = 'command',
): ParsedOptions {
  const reader = new OptionReader(raw, surface);
  const options: Options = {
    snapshot: readSnapshot(reader, files, surface),
    shard: reader.parsed('shard', parseShard),
    signers: readImageSigners(reader, files),
    taskBundleSigners: areSignersGiven(reader, 'task-bundle-')
      ? readSigners(reader, files, 'task-bundle-')
      : undefined,
    require: readRequirements(reader),
    ...readRekor(reader),
    ...readPolicy(reader),
    trust: readTrustSource(reader, files),
    insecureRegistries: readInsecureRegistries(reader),
    workers: reader.wholeNumber('workers', 1, MAX_WORKERS),
    timeoutMs: reader.durationMs('timeout'),
    strict: reader.boolean('strict'),
    ...readCacheOptions(reader, surface),
    ...readOutputs(reader, surface),
    install: reader.boolean('install'),
  };
  return reader.problems.length === 0
    ? { ok: true, options: Object.freeze(options) }
    : { ok: false, problems: reader.problems };
}

function readSnapshot(reader: OptionReader, files: InputFiles, surface: Surface): SnapshotSpec {
  const isFlag = (text = '') => surface === 'command' && text.startsWith('-');
  const given = reader.text('snapshot');
  const texts = reader.texts('images').map(({ text }) => text);
  // What follows a flag that nobody knows is its value.
  const snapshots = texts.filter((text, at) => isSnapshot(text, files) && !isFlag(texts[at - 1]));
  const images = reader.list('images', (text) => !isSnapshot(text, files));
  if (given === undefined && snapshots.length === 0 && images.length === 0) {
    const labels = new Set([reader.label('images'), reader.label('snapshot')]);
    reader.add('BAD_OPTION', 'there is nothing to verify', `Give ${[...labels].join(' or ')}.`);
  }
  const fromText = [
    ...(given === undefined ? [] : [readSnapshotText(reader, files, 'snapshot', given)]),
    ...snapshots.map((text) => readSnapshotText(reader, files, 'images', text)),
  ];
  const components = images.flatMap(({ text, where }) => {
    // The command hands over what it took for no flag of its own.
    if (isFlag(text)) {
      const hint = 'See --help, and docs/coming-from-conforma.md for what stands for a flag of ec.';
      reader.add('BAD_OPTION', `unknown option ${quote(text)}`, hint);
      return [];
    }
    const reference = reader.attempt(where, () => parseReference(text));
    return reference === undefined ? [] : [toComponent(text)];
  });
  return mergeSnapshots([...fromText, { application: '', components }]);
}

/** As Conforma takes it: a snapshot in the place of a list. Without a registry it is no image that anybody means. */
function isSnapshot(text: string, files: InputFiles): boolean {
  if (text.startsWith('{')) return true;
  if (!SNAPSHOT_FILE.test(text)) return false;
  return files.exists(text) || !(REGISTRY.test(text) || /[\s,]/.test(text));
}

function readSnapshotText(
  reader: OptionReader,
  files: InputFiles,
  name: 'images' | 'snapshot',
  given: string,
): SnapshotSpec {
  const label = reader.label(name);
  // What is text is never looked for: whoever may write files here must not put another release in its place.
  const inline = isInline(given);
  const where = inline ? label : `${label} ${quote(given)}`;
  const parsed = reader.attempt(label, () =>
    parseSnapshot(inline ? given : files.read(given, MAX_SNAPSHOT_BYTES).toString('utf8')),
  );
  for (const problem of parsed?.problems ?? []) {
    reader.attempt(where, () => {
      throw problem;
    });
  }
  return parsed?.spec ?? { application: '', components: [] };
}

/** Text of a snapshot rather than the name of a file. */
function isInline(given: string): boolean {
  return /^\s*[{[]|\n|:\s/.test(given);
}

function readImageSigners(reader: OptionReader, files: InputFiles): GivenSigners {
  // A policy may name them.
  if (!areSignersGiven(reader, '') && !reader.isGiven('policy')) {
    const [key, identity, issuer] = [
      reader.label('public-key'),
      reader.label('certificate-identity'),
      reader.label('certificate-oidc-issuer'),
    ];
    reader.add('BAD_IDENTITY', 'nobody is trusted', `Give ${key}, or ${identity} with ${issuer}.`);
  }
  return readSigners(reader, files, '');
}

function readRequirements(reader: OptionReader): ReadonlySet<Requirement> {
  const items = reader.list('require');
  const required = items.flatMap(
    ({ text, where }) =>
      reader.attempt(where, (): Requirement => {
        if (text === 'signature' || text === 'attestation') return text;
        throw new ProofgateError('BAD_OPTION', `unknown requirement ${quote(text)}`, {
          hint: 'Write signature, attestation, or both.',
        });
      }) ?? [],
  );
  if (items.length === 0) reader.add('BAD_OPTION', `${reader.label('require')} names nothing`);
  return new Set(required);
}

function readRekor(reader: OptionReader): Pick<Options, 'ignoreRekor' | 'rekorUrl'> {
  const ignoreRekor = reader.boolean('ignore-rekor');
  const text = reader.text('rekor-url');
  const rekorUrl =
    text === undefined ? undefined : reader.attempt(reader.label('rekor-url'), () => parseServiceUrl(text));
  if (ignoreRekor && text !== undefined) {
    const [ignore, url] = [reader.label('ignore-rekor'), reader.label('rekor-url')];
    reader.add('BAD_OPTION', `${ignore} and ${url} are both given`, 'Give one of them.');
  }
  return { ignoreRekor, rekorUrl };
}

function readInsecureRegistries(reader: OptionReader): ReadonlySet<string> {
  const items = reader.list('insecure-registries');
  return new Set(items.flatMap(({ text, where }) => reader.attempt(where, () => parseHost(text)) ?? []));
}

function readPolicy(reader: OptionReader): PolicyOptions {
  const options = readPolicyOptions(reader);
  // Whether it is past is known when the run begins.
  reader.attempt(reader.label('effective-time'), () =>
    parseEffectiveTime(options.effectiveTime, 0, { allowPast: true }),
  );
  return options;
}
