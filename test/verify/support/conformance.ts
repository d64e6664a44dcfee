// Cases of the public Sigstore conformance suite, which lies beside the project.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };

const FOLDER = fileURLToPath(new URL('../../../../shared/conformance/sigstore/', import.meta.url));
const BEACON =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';

export interface Case {
  readonly name: string;
  readonly mustVerify: boolean;
  readonly bundle: Buffer;
  readonly artifact: Buffer;
  readonly trustedRoot: string;
  readonly key: string | undefined;
  readonly identity: string;
  readonly issuer: string;
}

export const publicGoodRoot = Buffer.from(
  seeds['https://tuf-repo-cdn.sigstore.dev'].targets['trusted_root.json'],
  'base64',
).toString();

/** @throws Error when the suite is not there: its absence must not look like a pass */
export function readCases(): readonly Case[] {
  if (!existsSync(FOLDER)) throw new Error(`the Sigstore conformance suite is not at ${FOLDER}`);
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readCase(name));
}

function readCase(name: string): Case {
  const read = (file: string) => {
    const path = `${FOLDER}${name}/${file}`;
    return existsSync(path) ? readFileSync(path) : undefined;
  };
  const text = (file: string) => read(file)?.toString().trim();
  return {
    name,
    mustVerify: !name.endsWith('_fail'),
    bundle: read('bundle.sigstore.json') as Buffer,
    artifact: read('artifact') ?? readFileSync(`${FOLDER}a.txt`),
    trustedRoot: text('trusted_root.json') ?? publicGoodRoot,
    key: text('key.pub'),
    identity: text('identity') ?? BEACON,
    issuer: text('issuer') ?? 'https://token.actions.githubusercontent.com',
  };
}
