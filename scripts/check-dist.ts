// npm run check-dist: builds anew and fails when dist/ is not what the sources give.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { CHECKSUMS_FILE, GO_FILE, WASM_FILE } from '../src/policy/wasm/engine-files.ts';
import { bundle, REGO_FOLDER } from './bundle.ts';
import { buildRego, LICENCES_FILE, pinnedGo, renderChecksums, unpackRego } from './rego.ts';

const dist = join(dirname(import.meta.dirname), 'dist');
const fresh = mkdtempSync(join(tmpdir(), 'proofgate-dist-'));
try {
  await bundle(fresh);
  const [committed, built] = [readFolder(dist), readFolder(fresh)];
  const names = new Set([...committed.keys(), ...built.keys()]);
  const different = [...names].filter((name) => committed.get(name) !== built.get(name));
  different.push(...changedRego(join(dist, REGO_FOLDER)).map((name) => join(REGO_FOLDER, name)));
  if (different.length > 0) {
    console.error(
      `dist/ is not what the sources give:\n${different.join('\n')}\nRun npm run build and npm run build:rego, and commit dist/.`,
    );
    process.exitCode = 1;
  } else {
    console.log(`dist/ is what the sources give: ${names.size} files, and dist/${REGO_FOLDER}/`);
  }
} finally {
  rmSync(fresh, { recursive: true });
}

/** What Go would make otherwise; without Go, only what does not agree with itself. */
function changedRego(folder: string): string[] {
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  const wasm = unpackRego(folder);
  const goScript = readFileSync(join(folder, GO_FILE));
  if (wasm === undefined || text(CHECKSUMS_FILE) !== renderChecksums({ wasm, goScript }))
    return [CHECKSUMS_FILE];
  const go = pinnedGo();
  if (go === undefined) {
    console.warn(
      `WARNING: dist/${REGO_FOLDER}/ was not built anew: the Go that rego/go.mod asks for is not here.`,
    );
    return [];
  }
  console.log(`building dist/${REGO_FOLDER}/ anew with ${go}`);
  const build = buildRego();
  return [
    ...(build.wasm.equals(wasm) ? [] : [WASM_FILE]),
    ...(build.goScript.equals(goScript) ? [] : [GO_FILE]),
    ...(build.licences === text(LICENCES_FILE) ? [] : [LICENCES_FILE]),
  ];
}

/** By path, all but what Go makes. */
function readFolder(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const files = entries.map((entry): [string, string] => {
    const path = join(entry.parentPath, entry.name);
    return [relative(folder, path), readFileSync(path, 'latin1')];
  });
  return new Map(files.filter(([path]) => !path.startsWith(join(REGO_FOLDER, '/'))));
}
