// The licences of the packages in a bundle, with the texts that they ask for.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Some packages name their licence and forget its text.
const TEXTS = join(import.meta.dirname, 'licence-texts');
const LICENCE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
}

/** @throws Error naming every package that has no licence text */
export function renderLicences(roots: readonly string[]): string {
  const packages = roots
    .map((root) => ({ root, manifest: readManifest(root) }))
    .sort((a, b) => compare(titleOf(a.manifest), titleOf(b.manifest)));
  const missing: string[] = [];
  const sections = packages.map(({ root, manifest }) => {
    const text = readLicence(root, manifest);
    if (text === undefined) missing.push(`${titleOf(manifest)} (${manifest.license ?? 'no licence named'})`);
    return `${titleOf(manifest)}\nLicence: ${manifest.license ?? 'see below'}\n\n${text ?? ''}`;
  });
  if (missing.length > 0) throw new Error(`no licence text for:\n${missing.join('\n')}`);
  return [...new Set(sections)].join(`\n${'-'.repeat(80)}\n\n`);
}

function readManifest(root: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
}

function titleOf({ name, version }: Manifest): string {
  return `${name} ${version}`;
}

function readLicence(root: string, manifest: Manifest): string | undefined {
  const files = readdirSync(root).filter((name) => LICENCE_FILE.test(name));
  const texts = files.sort(compare).map((name) => readText(join(root, name)));
  if (texts.length > 0) return texts.join('\n');
  const fallback = join(TEXTS, `${manifest.license}.txt`);
  if (manifest.license === undefined || !existsSync(fallback)) return undefined;
  return `Copyright: ${authorOf(manifest)}\n\n${readText(fallback)}`;
}

function authorOf({ author, name }: Manifest): string {
  const named = typeof author === 'string' ? author : author?.name;
  return named ?? `the contributors of ${name}`;
}

function readText(path: string): string {
  return `${readFileSync(path, 'utf8').replaceAll('\r\n', '\n').trim()}\n`;
}

/** By code unit: the same order on every machine. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
