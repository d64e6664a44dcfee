// The two that the benchmark compares, each doing the same work: the signature and the attestation of every image.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tool } from '../interop/tools.ts';
import type { TempDirectory } from '../support/temp.ts';
import { type Cost, measure } from './measure.ts';
import type { Release, Variant } from './release.ts';

export interface Run {
  readonly variant: Variant;
  readonly release: Release;
  readonly temp: TempDirectory;
}

/** How many processes of cosign run at a time. */
export const COSIGN_PROCESSES = '8';

/** Runs the command (a path) over the whole snapshot. Throws when it does not verify all of it. */
export async function runProofgate({ variant, release, temp }: Run, command: string): Promise<Cost> {
  const report = join(temp.path, 'report.json');
  const snapshot = temp.write('snapshot.json', JSON.stringify(release.snapshot));
  const trust =
    variant.signer === 'key'
      ? ['--public-key', temp.write('key.pub', release.publicKeyPem), '--ignore-rekor']
      : [...identityFlags(release), '--trusted-root', temp.write('trusted-root.json', release.trustedRoot)];
  const args = ['verify', '--snapshot', snapshot, '--report', report, ...trust];
  const cost = await measure([process.execPath, command, ...args], { HOME: temp.path });
  const { result } = JSON.parse(readFileSync(report, 'utf8')) as { result: string };
  if (cost.exitCode !== 0 || result !== 'verified')
    throw new Error(`proofgate says ${result}:\n${cost.output}`);
  return cost;
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
