// Public keys and keyless identities from their raw options. `prefix` tells the images' signers from those
// of the task bundles.
import { ProofgateError } from '../base/errors.ts';
import {
  isSecretReference,
  type ObjectReference,
  parseSecretReference,
} from '../cluster/object-reference.ts';
import { exactMatcher, regexpMatcher } from '../verify/identity.ts';
import { parsePublicKeys } from '../verify/keys.ts';
import type { Signers, TextMatcher, TrustedIdentity, TrustedKey } from '../verify/signers.ts';
import type { InputFiles } from './input-files.ts';
import type { OptionName } from './option-list.ts';
import type { ListItem, OptionReader } from './option-reader.ts';
import { quote } from './values.ts';

export type SignerPrefix = '' | 'task-bundle-';

/** Signers as they were given: keys in a cluster are named, and read when the run begins. */
export interface GivenSigners extends Signers {
  readonly secrets: readonly ObjectReference[];
}

const MAX_KEY_FILE_BYTES = 1024 * 1024;
const KEY_HINT = 'Give the public key as a PEM file or as PEM text; `cosign public-key --key …` prints it.';
const PEM_BLOCK = /-----BEGIN [^-\n]{1,64}-----[^-]*-----END [^-\n]{1,64}-----/g;

/** Problems go to the reader; what could not be read is missing from the result. */
export function readSigners(reader: OptionReader, files: InputFiles, prefix: SignerPrefix): GivenSigners {
  return {
    ...readKeys(reader, files, `${prefix}public-key`),
    identities: readIdentities(reader, prefix),
  };
}

/** True when any option of these signers was given, also a wrong one. */
export function areSignersGiven(reader: OptionReader, prefix: SignerPrefix): boolean {
  const names: readonly OptionName[] = [
    `${prefix}public-key`,
    `${prefix}certificate-identity`,
    `${prefix}certificate-identity-regexp`,
    `${prefix}certificate-oidc-issuer`,
    `${prefix}certificate-oidc-issuer-regexp`,
  ];
  return names.some((name) => reader.isGiven(name));
}

function readKeys(
  reader: OptionReader,
  files: InputFiles,
  name: OptionName,
): Omit<GivenSigners, 'identities'> {
  let inlineCount = 0;
  const secrets: ObjectReference[] = [];
  const keys = reader.texts(name).flatMap(({ text, where }) => {
    const inline = [...text.matchAll(PEM_BLOCK)].flatMap(([pem]) => {
      inlineCount += 1;
      const keyName = `inline key ${inlineCount}`;
      return reader.attempt(`${where}, ${keyName}`, () => parsePublicKeys(unindented(pem), keyName)) ?? [];
    });
    const paths = reader.attempt(where, () => parsePaths(text.replaceAll(PEM_BLOCK, ''))) ?? [];
    const [named, others] = [
      paths.filter(isSecretReference),
      paths.filter((path) => !isSecretReference(path)),
    ];
    secrets.push(...named.flatMap((path) => reader.attempt(where, () => parseSecretReference(path)) ?? []));
    const read = others.flatMap((path) => reader.attempt(where, () => readKeyFile(files, path)) ?? []);
    return [...inline, ...read];
  });
  return { keys, secrets };
}

function parsePaths(text: string): string[] {
  // Nothing of it is shown: it may be a piece of a private key.
  if (/-----(?:BEGIN|END)/.test(text)) {
    throw new ProofgateError('BAD_KEY', 'a PEM block is not complete', {
      hint: 'Give the whole text, from its BEGIN line to its END line, with its line breaks.',
    });
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '');
}

/** @throws ProofgateError `BAD_KEY`, also for an address in the place of a path, with `hint`; `UNREADABLE_FILE` */
export function readKeyFile(files: InputFiles, path: string, hint = KEY_HINT): TrustedKey[] {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(path)?.[1];
  if (scheme !== undefined) {
    throw new ProofgateError('BAD_KEY', `keys are not read from ${scheme}:// addresses: ${quote(path)}`, {
      hint,
    });
  }
  return parsePublicKeys(files.read(path, MAX_KEY_FILE_BYTES).toString('utf8'), path);
}

function readIdentities(reader: OptionReader, prefix: SignerPrefix): TrustedIdentity[] {
  const problemsBefore = reader.problems.length;
  const subjects = readMatchers(
    reader,
    `${prefix}certificate-identity`,
    `${prefix}certificate-identity-regexp`,
  );
  const issuers = readMatchers(
    reader,
    `${prefix}certificate-oidc-issuer`,
    `${prefix}certificate-oidc-issuer-regexp`,
  );
  checkPairing(reader, prefix, subjects, issuers);
  return reader.problems.length > problemsBefore ? [] : pair(subjects, issuers);
}

interface MatcherList {
  /** Exact ones first. `count` includes those that could not be read. */
  readonly matchers: readonly TextMatcher[];
  readonly count: number;
  readonly isMixed: boolean;
}

function readMatchers(reader: OptionReader, exactName: OptionName, regexpName: OptionName): MatcherList {
  const exact = reader.list(exactName);
  const regexps = reader.list(regexpName);
  const read = (items: readonly ListItem[], parse: (text: string) => TextMatcher) =>
    items.flatMap(({ text, where }) => reader.attempt(where, () => parse(text)) ?? []);
  return {
    matchers: [...read(exact, exactMatcher), ...read(regexps, regexpMatcher)],
    count: exact.length + regexps.length,
    isMixed: exact.length > 0 && regexps.length > 0,
  };
}

function checkPairing(
  reader: OptionReader,
  prefix: SignerPrefix,
  subjects: MatcherList,
  issuers: MatcherList,
): void {
  const identity = reader.label(`${prefix}certificate-identity`);
  const issuer = reader.label(`${prefix}certificate-oidc-issuer`);
  if (subjects.count > 0 && issuers.count === 0) {
    reader.add(
      'BAD_IDENTITY',
      `${identity} is given without ${issuer}`,
      'Anybody can get a certificate for a subject from some issuer: name the issuer too.',
    );
  } else if (subjects.count === 0 && issuers.count > 0) {
    reader.add(
      'BAD_IDENTITY',
      `${issuer} is given without ${identity}`,
      'An issuer vouches for everybody who has an account there: name the subject too.',
    );
  } else if (subjects.count > 1 && issuers.isMixed) {
    reader.add(
      'BAD_IDENTITY',
      `it is not clear which subject belongs to which issuer: ${issuer} and ${issuer}-regexp are both given`,
      'Give all issuers in one of the two forms.',
    );
  } else if (subjects.count > 1 && issuers.count > 1 && subjects.count !== issuers.count) {
    reader.add(
      'BAD_IDENTITY',
      `${subjects.count} subjects of ${identity} do not pair with ${issuers.count} issuers of ${issuer}`,
      'Give one issuer for all subjects, or one for each in the same order.',
    );
  }
}

/** One issuer holds for all subjects, one subject for all issuers; otherwise they are paired in order. */
function pair({ matchers: subjects }: MatcherList, { matchers: issuers }: MatcherList): TrustedIdentity[] {
  return Array.from({ length: Math.max(subjects.length, issuers.length) }, (_, index) => ({
    subject: pick(subjects, index),
    issuer: pick(issuers, index),
  }));
}

function pick(matchers: readonly TextMatcher[], index: number): TextMatcher {
  const matcher = matchers.length === 1 ? matchers[0] : matchers[index];
  if (matcher === undefined) throw new RangeError('subjects and issuers do not pair');
  return matcher;
}

/** PEM inside YAML is often indented. */
function unindented(pem: string): string {
  return pem.replaceAll(/^[ \t]+/gm, '');
}
