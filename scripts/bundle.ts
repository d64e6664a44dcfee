// Builds dist/: compiles src/ to lib/, bundles each entry with ncc, collects the licences of what is inside.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ncc from '@vercel/ncc';
import { renderLicences } from './licences.ts';

const ROOT = dirname(import.meta.dirname);
/** Folder of dist/, and what is bundled into it. */
const ENTRIES = {
  action: 'action',
  cli: 'cli',
  cache: 'persist/github-cache',
  worker: 'policy/wasm/worker',
} as const;
// Every bundle carries pieces of the bundler's own runtime.
const BUNDLER = join(ROOT, 'node_modules', '@vercel', 'ncc');

/** Of dist/. */
export const REGO_FOLDER = 'policy';

interface Module {
  readonly resource?: string;
  readonly modules?: Iterable<Module>;
}

/** Writes to `folder` what dist/ holds, but for dist/policy/, which Go makes (rego.ts); it is emptied of all else first. */
export async function bundle(folder: string): Promise<void> {
  compile();
  empty(folder);
  const packages = new Set([BUNDLER]);
  for (const [name, source] of Object.entries(ENTRIES)) {
    for (const root of await bundleEntry(source, join(folder, name))) packages.add(root);
  }
  writeFileSync(join(folder, 'licenses.txt'), renderLicences([...packages]));
}

function empty(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (name !== REGO_FOLDER) rmSync(join(folder, name), { recursive: true });
  }
}

// ncc cannot read TypeScript 7: it gets the compiled files.
function compile(): void {
  rmSync(join(ROOT, 'lib'), { recursive: true, force: true });
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
  const args = [join(dirname(compiler), 'bin', 'tsc'), '-p', join(ROOT, 'tsconfig.build.json')];
  execFileSync(process.execPath, args, { stdio: 'inherit' });
}

/** Returns the roots of the packages that are in the bundle. */
async function bundleEntry(source: string, folder: string): Promise<Set<string>> {
  const { code, assets, stats } = await ncc(join(ROOT, 'lib', 'src', `${source}.js`), {
    cache: false,
    quiet: true,
    target: 'es2024',
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.js'), code, { mode: 0o755 });
  for (const [name, asset] of Object.entries(assets)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), asset.source);
  }
  return new Set(resources(stats.compilation.modules).flatMap((path) => packageRoot(path) ?? []));
}

function resources(modules: Iterable<Module>): string[] {
  return [...modules].flatMap((module) => [
    ...(module.resource === undefined ? [] : [module.resource]),
    ...resources(module.modules ?? []),
  ]);
}

/** The folder of the innermost package; undefined for files of the project. */
function packageRoot(path: string): string | undefined {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0];
}
