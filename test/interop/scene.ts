// What every suite here starts from: a real registry, each cosign that can be had, and keys.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { type Identity, startSigstore } from '../support/sigstore.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import type { Repository } from './content.ts';
import { Cosign, type KeyPair, type Predicate } from './cosign.ts';
import { startRealRegistry } from './registry.ts';
import { type SigningServices, startSigningServices } from './signing-services.ts';
import { ALLOW_MISSING_COSIGN3, findTool, type Tool, type ToolName } from './tools.ts';
import { type SigstoreFiles, writeSigstoreFiles } from './trust-files.ts';

export interface HeldKey {
  readonly privateKey: KeyObject;
  /** File of the public half. */
  readonly publicKey: string;
}

export interface Scene extends AsyncDisposable {
  readonly folder: string;
  readonly repository: Repository;
  readonly cosigns: readonly Cosign[];
  readonly trusted: KeyPair;
  readonly stranger: KeyPair;
  readonly identity: Identity;
  /** Where the trusted identity signs. */
  readonly services: SigningServices;
  /** Where others sign: another subject of the same issuer, and the same subject of another issuer. */
  readonly otherSubject: SigningServices;
  readonly otherIssuer: SigningServices;
  readonly sigstoreFiles: SigstoreFiles;
  /** A key of which the tests hold the private half: what they sign by hand, `resign` signs with it. */
  readonly held: HeldKey;
  readonly provenance: Readonly<Record<Predicate['type'], Predicate>>;
}

/** The versions of cosign that this run has: both, unless the absence of 3.x is allowed. */
export const COSIGN_TOOLS: readonly Tool[] = (['cosign-2', 'cosign-3'] as const).flatMap((name) => {
  const tool = findTool(name, process.env);
  if (tool === undefined && name === 'cosign-3' && process.env[ALLOW_MISSING_COSIGN3] === '1') {
    console.warn(`NOT RUN: everything with cosign 3.x, which is not installed (${ALLOW_MISSING_COSIGN3}=1).`);
    return [];
  }
  return [tool ?? requireTool(name)];
});

/** @throws Error when the tool has not been installed */
export function requireTool(name: ToolName): Tool {
  const tool = findTool(name, process.env);
  if (tool === undefined) throw new Error(`${name} is not installed: run \`npm run test:interop\``);
  return tool;
}

const IDENTITY = {
  subject: 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main',
  issuer: 'https://token.actions.githubusercontent.com',
};

/** Starts the registry and the Sigstore services, and makes the keys. */
export async function openScene(): Promise<Scene> {
  const temp = tempDirectory();
  const registry = await startRealRegistry({
    program: requireTool('docker-registry').path,
    folder: temp.path,
  });
  const sigstore = await startSigstore();
  const sigstoreFiles = writeSigstoreFiles(sigstore, temp);
  const cosigns = COSIGN_TOOLS.map((tool) => new Cosign(tool, join(temp.path, tool.name), sigstoreFiles));
  const [maker] = cosigns;
  if (maker === undefined) throw new Error('no cosign');
  const doors = {
    services: await startSigningServices(sigstore, IDENTITY),
    otherSubject: await startSigningServices(sigstore, {
      ...IDENTITY,
      subject: 'https://github.com/mallory/shop',
    }),
    otherIssuer: await startSigningServices(sigstore, { ...IDENTITY, issuer: 'https://issuer.example.com' }),
  };
  return {
    folder: temp.path,
    repository: { host: registry.host, name: 'demo/app' },
    cosigns,
    trusted: await maker.generateKeyPair('trusted'),
    stranger: await maker.generateKeyPair('stranger'),
    held: makeHeldKey(temp),
    identity: IDENTITY,
    ...doors,
    sigstoreFiles,
    provenance: writePredicates(temp),
    async [Symbol.asyncDispose]() {
      for (const door of Object.values(doors)) await door[Symbol.asyncDispose]();
      await sigstore.close();
      await registry[Symbol.asyncDispose]();
      temp.remove();
    },
  };
}

function makeHeldKey(temp: TempDirectory): HeldKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey, publicKey: temp.write('held.pub', pem) };
}

/** SLSA provenance of both versions, as Tekton Chains would write it. */
function writePredicates(temp: TempDirectory): Scene['provenance'] {
  const builder = { id: 'https://tekton.dev/chains/v2' };
  const v1 = {
    buildDefinition: {
      buildType: 'https://tekton.dev/chains/v2/slsa',
      externalParameters: {},
      internalParameters: {},
    },
    runDetails: { builder, metadata: { invocationId: 'interop' } },
  };
  const v02 = {
    builder,
    buildType: 'tekton.dev/v1/PipelineRun',
    invocation: {},
    buildConfig: {},
    metadata: {},
    materials: [],
  };
  return {
    slsaprovenance1: { type: 'slsaprovenance1', file: temp.write('slsa-v1.json', JSON.stringify(v1)) },
    slsaprovenance: { type: 'slsaprovenance', file: temp.write('slsa-v02.json', JSON.stringify(v02)) },
  };
}
