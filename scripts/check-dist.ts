// npm run check-dist: builds anew and fails when dist/ is not what the sources give.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { bundle } from './bundle.ts';

const dist = join(dirname(import.meta.dirname), 'dist');
const fresh = mkdtempSync(join(tmpdir(), 'proofgate-dist-'));
try {
  await bundle(fresh);
  const [committed, built] = [readFolder(dist), readFolder(fresh)];
  const names = new Set([...committed.keys(), ...built.keys()]);
  const different = [...names].filter((name) => committed.get(name) !== built.get(name));
  if (different.length > 0) {
    console.error(
      `dist/ is not what the sources give:\n${different.join('\n')}\nRun npm run build and commit dist/.`,
    );
    process.exitCode = 1;
  } else {
    console.log(`dist/ is what the sources give: ${names.size} files`);
  }
} finally {
  rmSync(fresh, { recursive: true });
}

function readFolder(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), readFileSync(path, 'latin1')];
    }),
  );
}
