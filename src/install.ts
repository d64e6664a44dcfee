// Puts the command on PATH for later steps, through the runner's tool cache.
import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { addPath } from '@actions/core';
import { cacheDir, find } from '@actions/tool-cache';

const TOOL = 'proofgate';
/** Folders of dist/ that the command consists of: itself, and what evaluates policies. */
const PARTS = ['cli', 'worker', 'policy'];

export interface InstallSource {
  /** dist/, whose folders lie in the tool's as they lie there. */
  readonly folder: string;
  readonly version: string;
  /** The Node that runs the command. */
  readonly nodePath: string;
  /** A folder of this job to prepare the files in. */
  readonly temporaryFolder: string;
}

/** Returns the folder that later steps have on PATH. */
export async function installCommand(source: InstallSource): Promise<string> {
  const staged = stage(source);
  try {
    // The content is part of the version: on a runner that is kept, two builds of one version may meet.
    const content = hashFolder(staged);
    // A letter first: digits alone with a leading zero are no version.
    const toolVersion = `${source.version}-h${content.slice(0, 16)}`;
    const found = find(TOOL, toolVersion);
    // What earlier jobs left behind is not believed.
    const isIntact = found !== '' && hashFolder(found) === content;
    const installed = isIntact ? found : await cacheDir(staged, TOOL, toolVersion);
    const bin = join(installed, 'bin');
    addPath(bin);
    return bin;
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

function stage({ folder, nodePath, temporaryFolder }: InstallSource): string {
  const staged = join(temporaryFolder, `${TOOL}-${randomUUID()}`);
  mkdirSync(join(staged, 'bin'), { recursive: true });
  for (const name of PARTS) cpSync(join(folder, name), join(staged, name), { recursive: true });
  const launcher = join(staged, 'bin', TOOL);
  writeFileSync(launcher, shellLauncher(nodePath));
  chmodSync(launcher, 0o755);
  writeFileSync(`${launcher}.cmd`, windowsLauncher(nodePath));
  return staged;
}

function shellLauncher(nodePath: string): string {
  const quoted = `'${nodePath.replaceAll("'", "'\\''")}'`;
  return `#!/bin/sh\nexec ${quoted} "$(dirname "$0")/../cli/index.js" "$@"\n`;
}

function windowsLauncher(nodePath: string): string {
  return `@"${nodePath.replaceAll('%', '%%')}" "%~dp0..\\cli\\index.js" %*\r\n`;
}

/** Names and bytes of all files, in one order; two different folders never give one text to hash. */
function hashFolder(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const bytes = readFileSync(file);
    hash.update(JSON.stringify([file.slice(folder.length), bytes.length])).update(bytes);
  }
  return hash.digest('hex');
}

/** dist/, seen from the bundled action. */
export function distFolder(actionFolder: string): string {
  return dirname(actionFolder);
}
