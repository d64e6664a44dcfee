// The licences of what is in a Go program: Go's own and those of the modules whose packages it links.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const LICENCE_FILE = /^(?:licen[cs]e|copying|notice|patents)(?:[.-].*)?$/i;

interface Module {
  readonly Path: string;
  readonly Version?: string;
  readonly Dir: string;
  readonly Main?: boolean;
}

interface Package {
  readonly Dir: string;
  readonly Standard?: boolean;
  readonly Module?: Module;
}

/**
 * @param go runs the go command in the program's folder, for its target, and returns what it prints
 * @throws Error naming every module that has no licence text
 */
export function renderGoLicences(go: (...args: string[]) => string): string {
  const packages = JSON.parse(
    `[${go('list', '-deps', '-json=Dir,Standard,Module', '.').replaceAll(/^\}\n\{/gm, '},\n{')}]`,
  ) as Package[];
  const texts = new Map([[titleOfGo(go), readLicences([go('env', 'GOROOT').trim()])]]);
  for (const { Dir, Standard, Module } of packages) {
    if (Standard === true || Module === undefined || Module.Main === true) continue;
    const title = `${Module.Path} ${Module.Version}`;
    texts.set(title, new Map([...(texts.get(title) ?? []), ...readLicences(foldersUpTo(Dir, Module.Dir))]));
  }
  const missing = [...texts].filter(([, found]) => found.size === 0).map(([title]) => title);
  if (missing.length > 0) throw new Error(`no licence text for:\n${missing.join('\n')}`);
  return [...texts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, found]) => `${title}\n\n${[...new Set(found.values())].join('\n')}`)
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function titleOfGo(go: (...args: string[]) => string): string {
  return `Go ${go('env', 'GOVERSION').trim().replace('go', '')}`;
}

/** A package may hold code of others, with a licence beside it. */
function foldersUpTo(folder: string, root: string): string[] {
  return folder === root ? [root] : [...foldersUpTo(dirname(folder), root), folder];
}

function readLicences(folders: readonly string[]): Map<string, string> {
  const paths = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isFile() && LICENCE_FILE.test(entry.name))
        .map((entry) => join(folder, entry.name))
        .sort(),
    );
  return new Map(
    paths.map((path) => [path, `${readFileSync(path, 'utf8').replaceAll('\r\n', '\n').trim()}\n`]),
  );
}
