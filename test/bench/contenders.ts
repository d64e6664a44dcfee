// The two that the benchmark compares, each doing the same work: the signature and the attestation of every image.
import { readFileSync } from 'node:fs';
import type { Outcome } from '../../src/report/report.ts';
import type { Tool } from '../interop/tools.ts';
import type { TempDirectory } from '../support/temp.ts';
import { type Cost, measure } from './measure.ts';
import type { Release, Variant } from './release.ts';

export interface Run {
  readonly variant: Variant;
  readonly release: Release;
  readonly temp: TempDirectory;
}

export interface ProofgateRun extends Run {
  /** Path of the entry. */
  readonly command: string;
  /** Default: no proofs are kept. */
  readonly cacheDirectory?: string;
  /** Default: task bundles are not verified. */
  readonly verifiesTaskBundles?: boolean;
  /** Default: none. */
  readonly policy?: string;
  /** Default: as many as the machine allows. */
  readonly policyWorkers?: number;
}

export interface ProofgateResult extends Cost {
  /** The run's own time, without what it takes to start the program and to write its report. */
  readonly runMs: number;
  readonly result: Outcome;
  readonly components: readonly { readonly name: string; readonly outcome: Outcome }[];
}

/** How many processes of cosign run at a time. */
export const COSIGN_PROCESSES = '8';

/** Runs the command over the whole snapshot, whatever it says. Throws when it says nothing. */
export async function runProofgate(run: ProofgateRun): Promise<ProofgateResult> {
  const { variant, release, temp, command, cacheDirectory, verifiesTaskBundles, policy, policyWorkers } = run;
  // Of its own: several may run at the same time.
  const report = temp.write(`report-${performance.now()}.json`, '');
  const snapshot = temp.write('snapshot.json', JSON.stringify(release.snapshot));
  const key = temp.write('key.pub', release.publicKeyPem);
  const trust =
    variant.signer === 'key'
      ? ['--public-key', key, '--ignore-rekor']
      : [...identityFlags(release), '--trusted-root', temp.write('trusted-root.json', release.trustedRoot)];
  const cache = cacheDirectory === undefined ? ['--cache', 'false'] : ['--cache-dir', cacheDirectory];
  const taskBundles = verifiesTaskBundles ? ['--task-bundle-public-key', key] : [];
  const policies = [
    ...(policy === undefined ? [] : ['--policy', policy]),
    ...(policyWorkers === undefined ? [] : ['--policy-workers', String(policyWorkers)]),
  ];
  const args = [
    'verify',
    '--snapshot',
    snapshot,
    '--report',
    report,
    ...trust,
    ...cache,
    ...taskBundles,
    ...policies,
  ];
  const cost = await measure([process.execPath, command, ...args], { HOME: temp.path });
  const text = readFileSync(report, 'utf8');
  if (text === '') throw new Error(`proofgate left no report:\n${cost.output}`);
  const { result, components, usage } = JSON.parse(text);
  return { ...cost, result, components, runMs: usage.wallMs };
}

/** Runs `cosign verify` and `cosign verify-attestation` for each image. Throws when one of them fails. */
export async function runCosign({ variant, release, temp }: Run, cosign: Tool): Promise<Cost> {
  const trust =
    variant.signer === 'key'
      ? ['--key', temp.write('key.pub', release.publicKeyPem), '--insecure-ignore-tlog']
      : identityFlags(release);
  const flags = [...trust, '--trusted-root', temp.write('trusted-root.json', release.trustedRoot)];
  const script =
    'c=$1 i=$2; shift 2; "$c" verify "$@" "$i" && "$c" verify-attestation --type slsaprovenance1 "$@" "$i"';
  const images = release.snapshot.components.map(({ containerImage }) => containerImage);
  const list = temp.write('images', images.join('\n'));
  const xargs = ['xargs', '-a', list, '-P', COSIGN_PROCESSES, '-I', '{}'];
  const cost = await measure([...xargs, 'sh', '-c', script, 'sh', cosign.path, '{}', ...flags], {
    HOME: temp.path,
    PATH: '/usr/bin:/bin',
  });
  if (cost.exitCode !== 0) throw new Error(`cosign did not verify everything:\n${cost.output.slice(-2000)}`);
  return cost;
}

function identityFlags({ subject, issuer }: Release): readonly string[] {
  return ['--certificate-identity', subject, '--certificate-oidc-issuer', issuer];
}
