// A base for the image that needs no network: the Node of this checkout and the system's libraries that it is linked to.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Containers } from './containers.ts';

const NAME = 'localhost/proofgate-test-base';
const CONTAINERFILE = 'FROM scratch\nCOPY root /\n';

/** Builds it, and returns its name with its digest. */
export async function buildBase(containers: Containers): Promise<string> {
  const context = mkdtempSync(join(tmpdir(), 'proofgate-base-'));
  try {
    const put = (source: string, target: string) => {
      const path = join(context, 'root', target);
      mkdirSync(dirname(path), { recursive: true });
      copyFileSync(source, path);
      chmodSync(path, 0o755);
    };
    put(process.execPath, 'nodejs/bin/node');
    for (const library of librariesOf(process.execPath)) put(library, library);
    mkdirSync(join(context, 'root', 'tmp'), { mode: 0o777 });
    writeFileSync(join(context, 'Containerfile'), CONTAINERFILE);
    const digest = await containers.build(context, NAME, ['--identity-label=false', '--timestamp', '0']);
    return `${NAME}@${digest}`;
  } finally {
    rmSync(context, { recursive: true });
  }
}

/** Paths of the shared libraries, the loader included, as the program's loader finds them. */
function librariesOf(program: string): string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}
