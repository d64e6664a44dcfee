import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = join(dirname(import.meta.dirname), 'src');

/** What each folder may import. Files beside the folders may import everything. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: [],
  store: ['base'],
  report: ['base'],
  oci: ['base', 'store'],
  persist: ['base', 'store'],
  verify: ['base', 'store', 'oci'],
  validate: ['base', 'store', 'oci', 'verify', 'report', 'policy'],
  cluster: ['base', 'verify'],
  policy: ['base', 'store', 'report', 'oci', 'verify', 'cluster'],
  options: ['base', 'oci', 'verify', 'cluster'],
  task: ['base', 'options', 'report'],
};
/** Both fill in parts of the one result, and may know their shape. */
const isPartOfResult = ({ from, to, isTypeOnly }: Import) =>
  isTypeOnly && ['oci', 'verify'].includes(folderOf(from) ?? '') && to === 'report/report.ts';
/** Programs; the last one runs as a child process of its own. */
const ENTRIES = new Set(['action.ts', 'cli.ts', 'persist/github-cache.ts']);

/** Packages that only some files may import: others meet what they do through those. */
const FENCES: readonly { readonly packages: RegExp; readonly where: RegExp }[] = [
  { packages: /^@actions\/(?!cache$)/, where: /^(?:action|install)\.ts$/ },
  { packages: /^@actions\/cache$/, where: /^persist\/github-cache\.ts$/ },
  { packages: /^(?:@sigstore\/|@tufjs\/|tuf-js$|@noble\/|re2js$)/, where: /^verify\// },
  { packages: /^undici$/, where: /^oci\// },
  { packages: /^commander$/, where: /^options\/command-line\.ts$/ },
  { packages: /^log-update$/, where: /^report\/progress\.ts$/ },
  { packages: /^yaml$/, where: /^base\/structured-text\.ts$/ },
  { packages: /^tar$/, where: /^policy\/builtins\/tar\.ts$/ },
];

interface Import {
  readonly from: string;
  /** A path below src/, or the name of a package. */
  readonly to: string;
  readonly isLocal: boolean;
  readonly isTypeOnly: boolean;
  /** By `import()`. */
  readonly isLazy: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/'))
  .sort();
const sources = new Map(files.map((file) => [file, withoutComments(readFileSync(join(SRC, file), 'utf8'))]));
const imports = files.flatMap(importsOf);

function importsOf(from: string): Import[] {
  const text = sources.get(from) ?? '';
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm);
  const dynamic = text.matchAll(/\bimport\(\s*'([^']+)'/g);
  return [
    ...[...statements].map(([, type, target = '']) =>
      toImport(from, target, { isTypeOnly: type !== undefined, isLazy: false }),
    ),
    ...[...dynamic].map(([, target = '']) => toImport(from, target, { isTypeOnly: false, isLazy: true })),
  ];
}

function toImport(from: string, target: string, how: Pick<Import, 'isTypeOnly' | 'isLazy'>): Import {
  const isLocal = target.startsWith('.');
  const to = isLocal ? relative(SRC, join(SRC, dirname(from), target)).replaceAll('\\', '/') : target;
  return { from, to, isLocal, ...how };
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

const folderOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : undefined);
const path = ({ from, to }: Import) => `${from} → ${to}`;
const filesWith = (pattern: RegExp) => files.filter((file) => pattern.test(sources.get(file) ?? ''));

describe('the architecture', () => {
  it('sees the imports that there are', () => {
    expect(imports.map(path)).toContain('cli.ts → run.ts');
    expect(imports.length).toBeGreaterThan(files.length);
    for (const { to } of imports.filter((item) => item.isLocal && item.to.endsWith('.ts'))) {
      expect(files).toContain(to);
    }
  });

  it('knows every folder', () => {
    for (const folder of new Set(files.flatMap((file) => folderOf(file) ?? []))) {
      expect(Object.keys(ALLOWED)).toContain(folder);
    }
  });

  it('lets a folder import only what lies below it', () => {
    const wrong = imports.filter((item) => {
      const { from, to, isLocal } = item;
      const [source, target] = [folderOf(from), folderOf(to)];
      if (!isLocal || source === undefined || source === target) return false;
      if (isPartOfResult(item)) return false;
      return target === undefined || !ALLOWED[source]?.includes(target);
    });
    expect(wrong.map(path)).toEqual([]);
  });

  it('loads what evaluates policies for runs that have some alone', () => {
    const isHeavy = (file: string) => /^policy\/(?:wasm|sources|builtins|policies\.ts)/.test(file);
    for (const entry of ['action.ts', 'cli.ts']) expect(loadedBy(entry).filter(isHeavy)).toEqual([]);
    expect(loadedBy('policy-gate.ts').filter(isHeavy)).toContain('policy/wasm/wasm-engine.ts');
  });

  it('keeps packages behind their fences', () => {
    const wrong = imports.filter(({ from, to }) =>
      FENCES.some(({ packages, where }) => packages.test(to) && !where.test(from)),
    );
    expect(wrong.map(path)).toEqual([]);
  });

  it('has no import cycles', () => {
    expect(findCycle()).toEqual([]);
  });

  it('reads the environment in the entries only', () => {
    expect(
      filesWith(/\bprocess\.env\b|\{[^}]*\benv\b[^}]*\} = process\b/).filter((file) => !ENTRIES.has(file)),
    ).toEqual([]);
  });

  it('prints from the entries only', () => {
    const printing = filesWith(/\bconsole\.|\bprocess\.(?:stdout|stderr)\b/);
    expect(printing.filter((file) => !ENTRIES.has(file))).toEqual([]);
  });

  it('ends the process in the entries, and on a second signal, only', () => {
    const allowed = new Set([...ENTRIES, 'interruption.ts']);
    expect(
      filesWith(/\bprocess\.(?:exit\b|exitCode\b|abort\b)/).filter((file) => !allowed.has(file)),
    ).toEqual([]);
  });

  it('verifies certificates on every connection', () => {
    expect(filesWith(/rejectUnauthorized(?!: true\b)|NODE_TLS_REJECT_UNAUTHORIZED/)).toEqual([]);
  });

  it('keeps files short enough to be read in one go', () => {
    const long = files.filter((file) => readFileSync(join(SRC, file), 'utf8').split('\n').length > 300);
    expect(long).toEqual([]);
  });
});

/** All files that are loaded with `file`, before any of its functions is called. */
function loadedBy(file: string, seen = new Set<string>()): readonly string[] {
  if (!seen.has(file)) {
    seen.add(file);
    const next = imports.filter(
      (item) => item.from === file && item.isLocal && !item.isTypeOnly && !item.isLazy,
    );
    for (const { to } of next) loadedBy(to, seen);
  }
  return [...seen];
}

/** The first cycle of imports that load code, as the path that runs in it. */
function findCycle(): string[] {
  const next = new Map(
    files.map((file) => [
      file,
      imports.filter((item) => item.from === file && item.isLocal && !item.isTypeOnly),
    ]),
  );
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): string[] => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const { to } of next.get(file) ?? []) {
      const cycle = visit(to, [...trail, file]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file);
    return [];
  };
  return files.map((file) => visit(file, [])).find((cycle) => cycle.length > 0) ?? [];
}
