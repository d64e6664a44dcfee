// SBOMs of many packages, as syft and hermeto write them: some from a known repository, some not, some not allowed.
import type { Provenance } from '../support/provenance.ts';
import { STATEMENT_V01 } from '../support/signing.ts';

export type SbomFormat = 'cyclonedx' | 'spdx';

/** A statement's predicate that names `count` packages. The same name and count give the same text. */
export function sbomOf(format: SbomFormat, name: string, count: number): Provenance {
  const packages = Array.from({ length: count }, (_, position) => toPackage(position));
  return format === 'cyclonedx'
    ? {
        statementType: STATEMENT_V01,
        predicateType: 'https://cyclonedx.org/bom',
        predicate: toCycloneDx(name, packages),
      }
    : {
        statementType: STATEMENT_V01,
        predicateType: 'https://spdx.dev/Document',
        predicate: toSpdx(name, packages),
      };
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly foundBy: string;
}

function toPackage(position: number): Package {
  const version = `${position % 7}.${position % 13}.${position % 5}`;
  const name = `package-${position}`;
  const foundBy = position % 3 === 0 ? 'cachi2' : 'syft';
  switch (position % 5) {
    case 0:
      return {
        name,
        version,
        foundBy,
        purl: `pkg:rpm/redhat/${name}@${version}?arch=x86_64&repository_id=${position % 2 === 0 ? 'known' : 'unknown'}-repository`,
      };
    case 1:
      return { name, version, foundBy, purl: `pkg:npm/%40acme/${name}@${version}` };
    case 2:
      return { name, version: `v${version}`, foundBy, purl: `pkg:golang/git.test/acme/${name}@v${version}` };
    case 3:
      return {
        name,
        version,
        foundBy,
        purl: `pkg:pypi/${name}@${version}?checksum=sha256:${'d'.repeat(64)}&download_url=https://files.test/${name}`,
      };
    default:
      return {
        name,
        version,
        foundBy,
        purl: `pkg:maven/acme/${name}@${version}?repository_url=https://maven.test/`,
      };
  }
}

function toCycloneDx(name: string, packages: readonly Package[]): Readonly<Record<string, unknown>> {
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79',
    version: 1,
    metadata: {
      timestamp: '2026-01-01T00:00:00Z',
      component: { type: 'container', name },
    },
    components: packages.map((item, position) => ({
      type: 'library',
      'bom-ref': `ref-${position}`,
      name: item.name,
      version: item.version,
      purl: item.purl,
      properties: [
        { name: item.foundBy === 'cachi2' ? 'cachi2:found_by' : 'syft:found_by', value: item.foundBy },
        { name: 'konflux:container:is_base_image', value: 'true' },
      ],
      externalReferences: [{ type: 'distribution', url: `https://files.test/${item.name}` }],
    })),
  };
}

function toSpdx(name: string, packages: readonly Package[]): Readonly<Record<string, unknown>> {
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://registry.test/spdx/${name}`,
    creationInfo: { created: '2026-01-01T00:00:00Z', creators: ['Tool: syft-1.0.0'] },
    packages: packages.map((item, position) => ({
      SPDXID: `SPDXRef-Package-${position}`,
      name: item.name,
      versionInfo: item.version,
      downloadLocation: 'NOASSERTION',
      externalRefs: [
        { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: item.purl },
      ],
      annotations: [
        {
          annotator: `Tool: ${item.foundBy}:jsonencoded`,
          annotationDate: '2026-01-01T00:00:00Z',
          annotationType: 'OTHER',
          comment: JSON.stringify({ name: `${item.foundBy}:found_by`, value: item.foundBy }),
        },
      ],
    })),
    relationships: packages.map((_, position) => ({
      spdxElementId: 'SPDXRef-DOCUMENT',
      relatedSpdxElement: `SPDXRef-Package-${position}`,
      relationshipType: 'DESCRIBES',
    })),
  };
}
