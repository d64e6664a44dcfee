// npm run bench: many components in a registry that takes 50 ms for every answer, verified by Proofgate and, where
// it is installed, by the real cosign. Nothing here is a test: it prints what it measured.
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findTool, type Tool } from '../interop/tools.ts';
import { tempDirectory } from '../support/temp.ts';
import { COSIGN_PROCESSES, runCosign, runProofgate } from './contenders.ts';
import type { Cost } from './measure.ts';
import type { Message, Release, ReleaseOrder, Variant } from './release.ts';
import { type Measured, renderAims, renderTable } from './table.ts';

const ROOT = join(import.meta.dirname, '../..');
const VARIANTS: readonly Variant[] = [
  { layout: 'legacy', signer: 'key' },
  { layout: 'bundle', signer: 'key' },
  { layout: 'bundle', signer: 'keyless' },
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      components: { type: 'string', default: '200' },
      delay: { type: 'string', default: '50' },
    },
  });
  const size = { components: Number(values.components), delayMs: Number(values.delay) };
  const command = findCommand();
  const cosign = findTool('cosign-3', process.env);
  console.log(
    `${size.components} components, ${size.delayMs} ms before every answer, ${availableParallelism()} cores, Node ${process.version}.\n` +
      `Proofgate: ${command}. cosign: ${describeCosign(cosign)}.\n`,
  );
  const measured: Measured[] = [];
  for (const variant of VARIANTS)
    measured.push(...(await measureVariant({ ...variant, ...size }, command, cosign)));
  console.log(`${renderTable(measured, size.components)}\n\n${renderAims(measured, size.components)}`);
}

/** The bundle that is shipped, or the sources where it has not been built. */
function findCommand(): string {
  const [bundle, sources] = ['dist/cli/index.js', 'src/cli.ts'];
  return existsSync(join(ROOT, bundle)) ? bundle : sources;
}

function describeCosign(cosign: Tool | undefined): string {
  if (cosign === undefined) return 'not installed (npm run test:interop installs it), so it is not compared';
  return `${cosign.version}, ${COSIGN_PROCESSES} processes at a time`;
}

/** One variant after the other: both contenders have the machine and the registry for themselves. */
async function measureVariant(
  order: ReleaseOrder,
  command: string,
  cosign: Tool | undefined,
): Promise<readonly Measured[]> {
  const server = fork(join(import.meta.dirname, 'release.ts'));
  try {
    using temp = tempDirectory();
    const { release } = await ask<{ release: Release }>(server, order);
    const run = { variant: order, release, temp };
    const count = async (tool: Measured['tool'], cost: Cost): Promise<Measured> => {
      const { requests } = await ask<{ requests: number }>(server, 'requests');
      return { tool, layout: order.layout, signer: order.signer, requests, ...cost };
    };
    const ours = await count('proofgate', await runProofgate(run, join(ROOT, command)));
    return cosign === undefined ? [ours] : [ours, await count('cosign', await runCosign(run, cosign))];
  } finally {
    server.disconnect();
  }
}

function ask<Answer extends Message>(
  server: ChildProcess,
  message: ReleaseOrder | 'requests',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    server.once('message', (answer) => resolve(answer as Answer));
    server.once('exit', (code) => reject(new Error(`the registry's process ended with ${code}`)));
    server.send(message);
  });
}

await main();
