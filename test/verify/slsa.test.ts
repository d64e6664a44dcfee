import { describe, expect, it } from 'vitest';
import { findSyntaxProblems, isProvenance, SLSA_V1, SLSA_V02 } from '../../src/verify/slsa.ts';
import { parseStatement } from '../../src/verify/statement.ts';

const subject = () => [{ name: 'app', digest: { sha256: 'a'.repeat(64) } }];

function goodV02() {
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: subject(),
    predicateType: SLSA_V02,
    predicate: {
      builder: { id: 'https://tekton.dev/chains/v2' },
      buildType: 'tekton.dev/v1beta1/PipelineRun',
      invocation: { configSource: { uri: 'gcr.io/no/scheme', digest: { sha256: 'ab' } } },
      metadata: { buildFinishedOn: '2026-01-02T03:04:05Z', reproducible: false } as Record<string, unknown>,
      materials: null as unknown,
    },
  };
}

function goodV1() {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subject(),
    predicateType: SLSA_V1,
    predicate: {
      buildDefinition: {
        buildType: 'https://tekton.dev/chains/v2/slsa',
        externalParameters: {},
        resolvedDependencies: [{ uri: 'oci://r.example/task', digest: { sha256: 'ab' } }] as unknown[],
      },
      runDetails: {
        builder: { id: 'https://tekton.dev/chains/v2' },
        metadata: { startedOn: '2026-01-02T03:04:05Z' } as Record<string, unknown>,
      },
    },
  };
}

const problemsOf = (statement: unknown) =>
  findSyntaxProblems(parseStatement(Buffer.from(JSON.stringify(statement))));

/** The problems of a good statement in which the member at `path` is set to `value`. */
function problemsWith(statement: object, path: string, value: unknown) {
  const names = path.split('.');
  const last = names.pop() as string;
  const parent = names.reduce(
    (at, name) => at[name] as Record<string, unknown>,
    statement as Record<string, unknown>,
  );
  parent[last] = value;
  return problemsOf(statement);
}

describe('the syntax of SLSA provenance', () => {
  it('a conforming v0.2 and v1 statement has no problems', () => {
    expect(problemsOf(goodV02())).toEqual([]);
    expect(problemsOf(goodV1())).toEqual([]);
  });

  it('a predicate of another type is not held against these schemas', () => {
    const statement = { ...goodV1(), predicateType: 'https://cyclonedx.org/bom', predicate: { anything: 1 } };
    expect(problemsOf(statement)).toEqual([]);
    expect(isProvenance(parseStatement(Buffer.from(JSON.stringify(statement))))).toBe(false);
  });

  it('a predicate type that names a member of every object is not taken for a schema', () => {
    expect(problemsOf({ ...goodV1(), predicateType: 'constructor', predicate: {} })).toEqual([]);
  });

  it('a v1 statement may carry the v0.1 type, a v0.2 one may not carry v1', () => {
    expect(problemsWith(goodV1(), '_type', 'https://in-toto.io/Statement/v0.1')).toEqual([]);
    expect(problemsWith(goodV02(), '_type', 'https://in-toto.io/Statement/v1')).not.toEqual([]);
  });

  it.each([
    ['a builder id that is no URI', 'runDetails.builder.id', 'tekton', 'builder.id'],
    ['a missing builder', 'runDetails.builder', undefined, 'builder'],
    ['a build type that is no URI', 'buildDefinition.buildType', '', 'buildType'],
    ['a time without Z', 'runDetails.metadata.startedOn', '2026-01-02T03:04:05+01:00', 'startedOn'],
    [
      'a dependency that says nothing',
      'buildDefinition.resolvedDependencies',
      [{ name: 'x' }],
      'resolvedDependencies.0',
    ],
    [
      'a digest that is not hex',
      'buildDefinition.resolvedDependencies',
      [{ digest: { sha256: 'g%' } }],
      'sha256',
    ],
    [
      'a digest by an unknown algorithm',
      'buildDefinition.resolvedDependencies',
      [{ digest: { crc32: 'ab' } }],
      'crc32',
    ],
  ])('%s is a problem of v1', (_, path, value, where) => {
    expect(problemsWith(goodV1(), `predicate.${path}`, value).join('\n')).toContain(where);
  });

  it.each([
    ['a builder id that is no URI', 'builder.id', 'tekton', 'builder.id'],
    ['a build type that is empty', 'buildType', '', 'buildType'],
    ['a time that is no time', 'metadata.buildFinishedOn', 'yesterday', 'buildFinishedOn'],
    ['a reproducible that is text', 'metadata.reproducible', 'yes', 'reproducible'],
    ['materials that are no list', 'materials', { uri: 'a:b' }, 'materials'],
  ])('%s is a problem of v0.2', (_, path, value, where) => {
    expect(problemsWith(goodV02(), `predicate.${path}`, value).join('\n')).toContain(where);
  });

  it('names at most ten problems', () => {
    const many = Array.from({ length: 50 }, () => ({}));
    expect(problemsWith(goodV1(), 'predicate.buildDefinition.resolvedDependencies', many)).toHaveLength(10);
  });
});
