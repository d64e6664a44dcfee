// What is in the image, and that anyone who builds it gets the same.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { buildArguments } from '../../scripts/image.ts';
import { ROOT } from './support/build.ts';
import { Containers, type ImageFile } from './support/containers.ts';

const built = inject('built');
const containers = new Containers(built.folder);
const LOCK: LockFile = await import(join(ROOT, 'package-lock.json'), { with: { type: 'json' } }).then(
  (module) => module.default,
);

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly dev?: boolean }>>;
}

interface Sbom {
  readonly spdxVersion: string;
  readonly creationInfo: { readonly created: string };
  readonly packages: readonly {
    readonly SPDXID: string;
    readonly name: string;
    readonly versionInfo: string;
    readonly externalRefs: readonly { readonly referenceLocator: string }[];
  }[];
  readonly relationships: readonly { readonly spdxElementId: string; readonly relatedSpdxElement: string }[];
}

const readSbom = async (): Promise<Sbom> => JSON.parse(await containers.read(built.name, 'sbom.spdx.json'));

describe('the build', () => {
  it('gives the same digest the second time', async () => {
    const again = await containers.build(ROOT, 'localhost/proofgate:again', buildArguments(built.facts));
    expect(again).toBe(built.digest);
  });

  it('gives another digest for another commit', async () => {
    const facts = { ...built.facts, revision: '0'.repeat(40) };
    expect(await containers.build(ROOT, 'localhost/proofgate:other', buildArguments(facts))).not.toBe(
      built.digest,
    );
  });

  it('stops without a base', async () => {
    await expect(containers.build(ROOT, 'localhost/proofgate:none')).rejects.toThrow(/BASE|base name/);
  });

  it('wants the base by its digest', () => {
    expect(() => buildArguments({ ...built.facts, base: 'registry.test/node:24' })).toThrow('digest');
  });
});

describe('the image', () => {
  let files: readonly ImageFile[];

  it('holds Node, dist/ and the bill of materials, and nothing else', async () => {
    files = await containers.files(built.name);
    const top = new Set(files.map(({ path }) => path.split('/')[0]));
    expect([...top].sort()).toEqual(['app', 'lib', 'lib64', 'nodejs', 'sbom.spdx.json', 'tmp']);
    const inApp = files
      .map(({ path }) => path)
      .filter((path) => path.startsWith('app/') && !path.endsWith('/'));
    const inDist = readdirSync(join(ROOT, 'dist'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).replace(join(ROOT, 'dist'), 'app'));
    expect(inApp.sort()).toEqual(inDist.sort());
  });

  it('has one program, no shell, nothing that changes its user, and nothing that others may write but /tmp', () => {
    const programs = files.filter(({ path }) => /(?:^|\/)s?bin\/./.test(path));
    expect(programs.map(({ path }) => path)).toEqual(['nodejs/bin/node']);
    expect(files.filter(({ path }) => /(?:^|\/)(?:ba|da|a)?sh$|busybox/.test(path))).toEqual([]);
    expect(files.filter(({ mode }) => /[sS]/.test(mode))).toEqual([]);
    expect(files.filter(({ mode, path }) => mode[8] === 'w' && path !== 'tmp/')).toEqual([]);
  });

  it('runs the command as a user without a name', async () => {
    const { User: user, Entrypoint: entrypoint } = await containers.inspect(built.name);
    expect({ user, entrypoint }).toEqual({
      user: '65532:65532',
      entrypoint: ['/nodejs/bin/node', '/app/cli/index.js'],
    });
    const { exitCode, output } = await containers.run('version', [built.name, '--version']);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: `${LOCK.packages['']?.version}\n` });
  });

  it('says what it is, from what, and of when', async () => {
    const { Labels: labels } = await containers.inspect(built.name);
    const [baseName, baseDigest] = built.facts.base.split('@');
    const prefix = 'org.opencontainers.image';
    expect(labels).toEqual({
      [`${prefix}.title`]: 'Proofgate',
      [`${prefix}.description`]: expect.stringContaining('signed'),
      [`${prefix}.licenses`]: 'Apache-2.0',
      [`${prefix}.source`]: 'https://git.test/proofgate',
      [`${prefix}.version`]: '0.0.0-test',
      [`${prefix}.revision`]: built.facts.revision,
      [`${prefix}.created`]: '2023-11-14T22:13:20Z',
      [`${prefix}.base.name`]: baseName,
      [`${prefix}.base.digest`]: baseDigest,
    });
  });
});

describe('the bill of materials', () => {
  it('names Node, every package in the bundles and every module in the policy engine, each once', async () => {
    const { spdxVersion, packages, creationInfo } = await readSbom();
    expect({ spdxVersion, ...creationInfo }).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      created: '2023-11-14T22:13:20Z',
    });
    const urls = packages.map(({ externalRefs }) => externalRefs[0]?.referenceLocator ?? '');
    expect(new Set(urls).size).toBe(urls.length);
    expect(urls).toContain(`pkg:generic/node@${process.versions.node}`);
    expect(
      urls.filter((url) => /^pkg:golang\/github\.com\/open-policy-agent\/opa@v\d/.test(url)),
    ).toHaveLength(1);
    expect(urls.filter((url) => url.startsWith('pkg:golang/')).length).toBeGreaterThan(15);
    const direct = ['undici', 'zod', 'yaml', 'commander', '%40sigstore/verify', 're2js'];
    for (const name of direct) {
      const version = LOCK.packages[`node_modules/${name.replace('%40', '@')}`]?.version;
      expect(urls).toContain(`pkg:npm/${name}@${version}`);
    }
  });

  it('relates everything that it names', async () => {
    const { packages, relationships } = await readSbom();
    const ids = new Set(packages.map(({ SPDXID }) => SPDXID));
    expect(ids.size).toBe(packages.length);
    expect([...ids].every((id) => /^SPDXRef-[A-Za-z0-9.-]+$/.test(id))).toBe(true);
    expect(new Set(relationships.map(({ relatedSpdxElement }) => relatedSpdxElement))).toEqual(ids);
  });
});
