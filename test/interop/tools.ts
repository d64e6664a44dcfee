// Owns the programs of others that the interop suite and the benchmark run: where they are kept and how they
// get there. They are unpacked from Debian's packages into a cache folder: the system is not changed.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type ToolName = 'docker-registry' | 'cosign-2' | 'cosign-3';

interface DebianPackage {
  readonly package: string;
  /** `forky` is rolling: its version moves, so none is pinned and only the major number is checked. */
  readonly suite: string;
  readonly program: string;
  readonly major: number;
}

const PACKAGES: Readonly<Record<ToolName, DebianPackage>> = {
  'docker-registry': {
    package: 'docker-registry',
    suite: 'bookworm',
    program: 'usr/bin/docker-registry',
    major: 2,
  },
  'cosign-2': { package: 'cosign', suite: 'trixie', program: 'usr/bin/cosign', major: 2 },
  'cosign-3': { package: 'cosign', suite: 'forky', program: 'usr/bin/cosign', major: 3 },
};

export const TOOL_NAMES = Object.keys(PACKAGES) as readonly ToolName[];

/** Name of the variable that lets the suite go on without cosign 3 (set to `1`). */
export const ALLOW_MISSING_COSIGN3 = 'PROOFGATE_INTEROP_ALLOW_MISSING_COSIGN3';

/** Debian's own keys; the suffix differs between its releases. */
const KEYRINGS = ['gpg', 'pgp'].map((suffix) => `/usr/share/keyrings/debian-archive-keyring.${suffix}`);

/** A program that is ready to run. */
export interface Tool {
  readonly name: ToolName;
  readonly path: string;
  /** Debian's version of the package. */
  readonly version: string;
}

/** Where the tools are kept: `PROOFGATE_INTEROP_TOOLS`, else a folder of this user under the temp folder. */
export function toolsFolder(environment: NodeJS.ProcessEnv): string {
  const user = process.getuid?.() ?? 'user';
  return environment.PROOFGATE_INTEROP_TOOLS ?? join(tmpdir(), `proofgate-interop-${user}`);
}

/** The tool if it has been installed; looks at the disk only. */
export function findTool(name: ToolName, environment: NodeJS.ProcessEnv): Tool | undefined {
  const root = join(toolsFolder(environment), name);
  const versionFile = join(root, 'version');
  if (!existsSync(versionFile)) return undefined;
  return { name, path: join(root, PACKAGES[name].program), version: readFileSync(versionFile, 'utf8') };
}

/** The tool, fetched with apt when it is not there yet. Throws with the words of apt when it cannot be had. */
export async function installTool(name: ToolName, environment: NodeJS.ProcessEnv): Promise<Tool> {
  const found = findTool(name, environment);
  if (found !== undefined) return found;
  const folder = toolsFolder(environment);
  // 0700: nobody else on the machine may put a program there for us to run.
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const work = mkdtempSync(join(folder, 'unpacking-'));
  try {
    await unpack(PACKAGES[name], work);
    renameSync(join(work, 'root'), join(folder, name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const tool = findTool(name, environment);
  if (tool === undefined) throw new Error(`${name} was unpacked, but is not in ${folder}`);
  return tool;
}

/** Downloads the package of that suite, checked by apt against Debian's keyring, and unpacks it into `work`/root. */
async function unpack(wanted: DebianPackage, work: string): Promise<void> {
  const keyring = KEYRINGS.find((file) => existsSync(file));
  if (keyring === undefined) throw new Error(`none of Debian’s keyrings is there: ${KEYRINGS.join(', ')}`);
  const sources = join(work, 'debian.list');
  writeFileSync(sources, `deb [signed-by=${keyring}] ${await debianMirror()} ${wanted.suite} main\n`);
  await mkdir(join(work, 'state/lists/partial'), { recursive: true });
  await mkdir(join(work, 'cache/archives/partial'), { recursive: true });
  const settings = [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${join(work, 'state/lists')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'Dir::State::status=/dev/null',
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
  ].flatMap((setting) => ['-o', setting]);
  await run('apt-get', [...settings, '-qq', 'update']);
  await run('apt-get', [...settings, '-qq', 'download', wanted.package], { cwd: work });
  const file = (await run('find', [work, '-maxdepth', '1', '-name', '*.deb'])).stdout.trim();
  const version = (await run('dpkg-deb', ['--field', file, 'Version'])).stdout.trim();
  if (Number.parseInt(version, 10) !== wanted.major) {
    throw new Error(
      `Debian ${wanted.suite} has ${wanted.package} ${version}, the suite is for ${wanted.major}.x`,
    );
  }
  await run('dpkg-deb', ['--extract', file, join(work, 'root')]);
  writeFileSync(join(work, 'root/version'), version);
}

/** The mirror of Debian's archive that this machine already uses; asks apt, which reads every form of its settings. */
async function debianMirror(): Promise<string> {
  const { stdout } = await run('apt-get', ['--print-uris', 'update']);
  // `bookworm`, not `bookworm-updates` or `bookworm-security`, which live apart.
  const mirror = /^'(\S+)\/dists\/[a-z]+\/InRelease'/m.exec(stdout)?.[1];
  if (mirror === undefined) throw new Error('apt on this machine names no mirror of Debian’s archive');
  return mirror;
}
