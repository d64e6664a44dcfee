// npm run build:image -- BASE@sha256:DIGEST [NAME]: builds the image from the Containerfile with buildah, so that the same
// commit on the same base gives the same digest. The base is an image with Node 24 at /nodejs/bin/node and no shell.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = dirname(import.meta.dirname);
const PINNED = /^[^@]+@sha256:[0-9a-f]{64}$/;

export interface ImageFacts {
  /** `name@sha256:…` */
  readonly base: string;
  readonly version: string;
  /** URL of the repository; '' when nobody knows. */
  readonly source: string;
  /** Commit. */
  readonly revision: string;
  /** Seconds since 1970: of every file in the image, and of the image itself. */
  readonly epoch: number;
}

/** What the Containerfile wants to be told, as buildah's arguments. */
export function buildArguments({ base, version, source, revision, epoch }: ImageFacts): string[] {
  if (!PINNED.test(base)) throw new Error(`name the base by its digest: ${base}`);
  const [name = '', digest = ''] = base.split('@');
  const created = new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');
  const values = {
    BASE: base,
    BASE_NAME: name,
    BASE_DIGEST: digest,
    VERSION: version,
    SOURCE: source,
    REVISION: revision,
    CREATED: created,
  };
  return [
    // It would name buildah's version.
    '--identity-label=false',
    '--timestamp',
    String(epoch),
    ...Object.entries(values).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
  ];
}

/** The repository's address as anyone may read it: it may hold a token. */
function readSource(): string {
  const address = git('config', '--default', '', '--get', 'remote.origin.url');
  const url = URL.parse(address);
  return url === null ? address : `${url.protocol}//${url.host}${url.pathname}`;
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
}

/** Of the commit, unless SOURCE_DATE_EPOCH says another time (https://reproducible-builds.org/specs/source-date-epoch/). */
function readFacts(base: string): ImageFacts {
  const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct'));
  return { base, version, source: readSource(), revision: git('rev-parse', 'HEAD'), epoch };
}

if (import.meta.main) {
  const [base = '', name] = process.argv.slice(2);
  if (!PINNED.test(base)) {
    console.error('usage: npm run build:image -- BASE@sha256:DIGEST [NAME], with 64 hex digits as DIGEST');
    process.exit(2);
  }
  const facts = readFacts(base);
  const tag = name ?? `proofgate:${facts.version}`;
  execFileSync('buildah', ['build', ...buildArguments(facts), '--tag', tag, ROOT], { stdio: 'inherit' });
}
