// Entry: puts the programs in place before the Tekton suite runs, with apt, and says what it has.
import { execFileSync, spawnSync } from 'node:child_process';
import { installTool } from '../interop/tools.ts';

/** By the package of Debian that has it. */
const PROGRAMS = {
  podman: 'podman',
  buildah: 'buildah',
  runc: 'runc',
  yamllint: 'yamllint',
  shellcheck: 'shellcheck',
} as const;

function isThere(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

function installMissing(): void {
  const missing = Object.entries(PROGRAMS).flatMap(([name, program]) => (isThere(program) ? [] : [name]));
  if (missing.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]) => execFileSync('apt-get', ['-qq', ...args], { stdio: 'inherit', env });
  apt('update');
  apt('install', '--yes', '--no-install-recommends', ...missing);
}

installMissing();
const registry = await installTool('docker-registry', process.env);
console.log(`Tekton suite: ${Object.values(PROGRAMS).join(', ')}, docker-registry ${registry.version}`);
const missing = Object.values(PROGRAMS).filter((program) => !isThere(program));
if (missing.length > 0) {
  console.error(`The Tekton suite needs each of them; missing: ${missing.join(', ')}.`);
  process.exitCode = 1;
}
