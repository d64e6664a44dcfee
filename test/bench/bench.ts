// npm run bench: many components in a registry that takes 50 ms for every answer, verified by Proofgate and, where
// it is installed, by the real cosign. Nothing here is a test: it prints what it measured.
import { existsSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findTool, type Tool } from '../interop/tools.ts';
import { tempDirectory } from '../support/temp.ts';
import { type CacheRun, measureCache } from './cache-runs.ts';
import { COSIGN_PROCESSES, runCosign, runProofgate } from './contenders.ts';
import type { Cost } from './measure.ts';
import { measurePolicies } from './policy-runs.ts';
import type { ReleaseOrder, Variant } from './release.ts';
import { ReleaseServer } from './release-server.ts';
import {
  type Measured,
  renderAims,
  renderCacheAims,
  renderCacheTable,
  renderPolicies,
  renderTable,
} from './table.ts';

const ROOT = join(import.meta.dirname, '../..');
const VARIANTS: readonly Variant[] = [
  { layout: 'legacy', signer: 'key' },
  { layout: 'bundle', signer: 'key' },
  { layout: 'bundle', signer: 'keyless' },
];
const CACHE_VARIANTS = VARIANTS.filter(({ layout }) => layout === 'bundle');

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
  console.log(`${renderTable(measured, size.components)}\n\n${renderAims(measured, size.components)}\n`);
  const cached: CacheRun[] = [];
  for (const variant of CACHE_VARIANTS)
    cached.push(...(await measureCache({ ...variant, ...size }, join(ROOT, command))));
  console.log(`With a proof cache ("run": without start and report):\n${renderCacheTable(cached)}\n`);
  console.log(`${renderCacheAims(cached)}\n`);
  console.log(`With a policy:\n${renderPolicies(await measurePolicies(size, join(ROOT, command)))}`);
  console.log(`\nLoad of the machine at the end: ${loadavg()[0]?.toFixed(1)}.`);
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
  using server = await ReleaseServer.start(order);
  using temp = tempDirectory();
  const { layout, signer } = order;
  const run = { variant: order, release: server.release, temp };
  const count = async (tool: Measured['tool'], cost: Cost): Promise<Measured> => {
    const { requests } = await server.requests();
    return { tool, layout, signer, requests, ...cost };
  };
  const proofgate = await runProofgate({ ...run, command: join(ROOT, command) });
  if (proofgate.result !== 'verified') throw new Error(`it is ${proofgate.result}:\n${proofgate.output}`);
  const ours = await count('proofgate', proofgate);
  return cosign === undefined ? [ours] : [ours, await count('cosign', await runCosign(run, cosign))];
}

await main();
