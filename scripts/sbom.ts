// Writes the image's bill of materials (SPDX 2.3, JSON): Node, the packages in the bundles, and Go with the modules in the
// policy engine. It runs while the image is built, by the image's Node, beside dist/, package.json and package-lock.json.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

interface Part {
  readonly name: string;
  readonly version: string;
  /** Package URL: https://github.com/package-url/purl-spec */
  readonly purl: string;
  /** SPDX expression. */
  readonly licence?: string;
  /** As the lock file has it: `sha512-` and base64. */
  readonly integrity?: string;
}

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity?: string }>>;
}

const SEPARATOR = `\n${'-'.repeat(80)}\n\n`;
const NONE = 'NOASSERTION';

/** The first lines of each section: what is inside, as the build collected its licences. */
function readSections(path: string): string[][] {
  return readFileSync(path, 'utf8')
    .split(SEPARATOR)
    .map((section) => section.split('\n', 2));
}

/** @throws Error for a package that is not in the lock file */
function npmParts(): Part[] {
  const lock: LockFile = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  return readSections('dist/licenses.txt').map(([title = '', licence = '']) => {
    const [name = '', version = ''] = title.split(' ');
    const locked = Object.entries(lock.packages).find(
      ([root, one]) => root.endsWith(`node_modules/${name}`) && one.version === version,
    );
    const integrity = locked?.[1].integrity;
    if (integrity === undefined) throw new Error(`the lock file has no ${title}`);
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    return { name, version, purl, integrity, licence: licence.replace('Licence: ', '') };
  });
}

/** @throws Error for a line that names no module */
function goParts(): Part[] {
  return readSections('dist/policy/licenses.txt').map(([title = '']) => {
    const [, name = '', version = ''] = /^(\S+) (v?\d\S*)$/.exec(title) ?? [];
    if (name === '') throw new Error(`no module: ${title}`);
    if (name === 'Go') return { name: 'go', version, purl: `pkg:golang/stdlib@${version}` };
    return { name, version, purl: `pkg:golang/${name}@${version}` };
  });
}

function toPackage(part: Part): object {
  const { name, version, purl, licence = NONE, integrity } = part;
  return {
    SPDXID: idOf(part),
    name,
    versionInfo: version,
    downloadLocation: NONE,
    filesAnalyzed: false,
    licenseConcluded: NONE,
    licenseDeclared: licence,
    copyrightText: NONE,
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    ...(integrity === undefined
      ? {}
      : { checksums: [{ algorithm: 'SHA512', checksumValue: hexOf(integrity) }] }),
  };
}

function idOf({ purl }: Part): string {
  return `SPDXRef-${purl.replaceAll('%40', '').replaceAll(/[^A-Za-z0-9.]+/g, '-')}`;
}

function hexOf(integrity: string): string {
  const [, base64 = ''] = /^sha512-(\S+)$/.exec(integrity) ?? [];
  return Buffer.from(base64, 'base64').toString('hex');
}

function renderSbom(created: string): string {
  const own: { version: string; license: string } = JSON.parse(readFileSync('package.json', 'utf8'));
  const proofgate: Part = {
    name: 'proofgate',
    version: own.version,
    purl: `pkg:generic/proofgate@${own.version}`,
    licence: own.license,
  };
  const version = process.versions.node;
  const node: Part = { name: 'node', version, purl: `pkg:generic/node@${version}`, licence: 'MIT' };
  const parts = [node, ...npmParts(), ...goParts()];
  const packages = [proofgate, ...parts].map(toPackage);
  const digest = createHash('sha256').update(JSON.stringify(packages)).digest('hex');
  const relationships = [
    ['SPDXRef-DOCUMENT', 'DESCRIBES', idOf(proofgate)],
    ...parts.map((part) => [idOf(proofgate), 'DEPENDS_ON', idOf(part)]),
  ].map(([spdxElementId, relationshipType, relatedSpdxElement]) => ({
    spdxElementId,
    relationshipType,
    relatedSpdxElement,
  }));
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `proofgate-${own.version}`,
    documentNamespace: `https://spdx.org/spdxdocs/proofgate-${own.version}-${digest}`,
    creationInfo: { created, creators: ['Tool: proofgate-sbom'] },
    packages,
    relationships,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

const { CREATED: created = '' } = process.env;
if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(created))
  throw new Error('CREATED is no time such as 2026-01-31T12:00:00Z');
writeFileSync(process.argv[2] ?? 'sbom.spdx.json', renderSbom(created));
