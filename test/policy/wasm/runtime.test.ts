import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EngineFiles, readEngine } from '../../../src/policy/wasm/engine-files.ts';
import { type EvaluationLimits, type HostCall, Runtime } from '../../../src/policy/wasm/runtime.ts';

const DIST = join(import.meta.dirname, '..', '..', '..', 'dist', 'policy');
const LIMITS: EvaluationLimits = { runMs: 60_000, heapBytes: 400_000_000, resultBytes: 10_000_000 };
const LONG = 'some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i + j < 0';
const LONG_INPUT = JSON.stringify({ long: 'x'.repeat(100_000) });

let files: EngineFiles;
let shared: Runtime;
beforeAll(async () => {
  files = await readEngine(DIST, 1_000_000_000);
  shared = await Runtime.start(files);
});

const silent: HostCall = async () => undefined;
const toRules = (names: readonly string[]) => names.map((name) => ({ package: 'a', name }));

async function compile(text: string, { runtime = shared, id = 'p', data = '{}' } = {}): Promise<void> {
  const compiled = await runtime.compile(id, { modules: [{ path: 'a.rego', text }], data });
  expect(compiled).not.toHaveProperty('problems');
}

async function problemsOf(text: string): Promise<unknown> {
  const compiled = await shared.compile('bad', { modules: [{ path: 'src/a.rego', text }], data: '{}' });
  return 'problems' in compiled ? compiled.problems : 'none';
}

interface Asked {
  readonly runtime?: Runtime;
  readonly id?: number;
  readonly program?: string;
  readonly input?: string;
  readonly limits?: Partial<EvaluationLimits>;
  readonly host?: HostCall;
}

function evaluate(names: readonly string[], asked: Asked = {}) {
  const { runtime = shared, id = 1, program = 'p', input = '{}', limits = {}, host = silent } = asked;
  const question = { input, rules: toRules(names), limits: { ...LIMITS, ...limits } };
  return runtime.evaluate(id, program, question, host);
}

async function valuesOf(names: readonly string[], asked?: Asked): Promise<unknown> {
  const result = await evaluate(names, asked);
  return 'values' in result ? Array.from(result.values) : result.failure;
}

async function failureOf(names: readonly string[], asked?: Asked): Promise<unknown> {
  const result = await evaluate(names, asked);
  return 'failure' in result ? result.failure : `no failure: ${result.values.join().slice(0, 100)}`;
}

describe('values', () => {
  it('keep every digit of numbers from data, input, the host and the policy', async () => {
    const text = 'package a\nx := [data.n, input.n, ec.oci.parsed_blob("r").n, 900719925474099312345]';
    await compile(text, { data: '{"n": 1764288000000000001}' });
    const host = async () => '{"n": 12345678901234567890.5}';
    const values = await valuesOf(['x'], { input: '{"n": 9007199254740993}', host });
    expect(values).toEqual([
      '[1764288000000000001,9007199254740993,12345678901234567890.5,900719925474099312345]',
    ]);
  });

  it('of sets are arrays in Rego’s order, which is that of bytes', async () => {
    await compile('package a\nx contains v if some v in ["b", "ä", "a", "𝒳", "\uFF5E", 10, 9, null, "B"]');
    expect(await valuesOf(['x'])).toEqual(['[null,9,10,"B","a","b","ä","\uFF5E","𝒳"]']);
  });

  it('that are undefined leave the others defined', async () => {
    await compile('package a\nx if false\ny := 1\nz := 1 / 0\nw contains 1 if false');
    expect(await valuesOf(['x', 'y', 'z', 'w'])).toEqual([undefined, '1', undefined, '[]']);
  });

  it('come with those of exception rules, nested packages and odd names', async () => {
    const text = 'package a["b-c"].d\ndeny_x contains "m"\nexception contains r if r := ["x"]';
    const compiled = await shared.compile('odd', { modules: [{ path: 'o.rego', text }], data: '{}' });
    expect(compiled).toMatchObject({ rules: [{ package: 'a["b-c"].d' }, { package: 'a["b-c"].d' }] });
    const rules = ['deny_x', 'exception'].map((name) => ({ package: 'a["b-c"].d', name }));
    const result = await shared.evaluate(1, 'odd', { input: '{}', rules, limits: LIMITS }, silent);
    expect(result).toMatchObject({ values: ['["m"]', '[["x"]]'] });
  });

  it('of an input of many megabytes come as they went', async () => {
    await compile('package a\nx := count(input.list)\ny := input.list[99999]');
    const list = JSON.stringify({
      list: Array.from({ length: 100_000 }, (_, i) => `${i} – ${'x'.repeat(100)}`),
    });
    expect(await valuesOf(['x', 'y'], { input: list })).toEqual(['100000', `"99999 – ${'x'.repeat(100)}"`]);
  });

  it('are not looked for under a name that no module defines', async () => {
    await compile('package a\ndeny contains 1 if false');
    expect(await failureOf(['deny', 'dney'])).toMatchObject({ message: 'no rule data.a.dney' });
    expect(await failureOf(['deny'], { program: 'none' })).toMatchObject({
      message: 'there is no such program',
    });
  });

  it('are not computed from an input that is not JSON', async () => {
    await compile('package a\ndeny contains 1 if input.x');
    for (const input of ['', '{', '{} {}', '\u0000']) {
      expect(await failureOf(['deny'], { input }), input).toMatchObject({
        message: expect.stringMatching(/input is not JSON/),
      });
    }
  });

  it('of two bodies that clash are an error which names the row', async () => {
    await compile('package a\nx := 1 if input\nx := 2 if input');
    const failure = { code: 'eval_conflict_error', path: 'a.rego', row: expect.any(Number) };
    expect(await failureOf(['x'])).toMatchObject(failure);
  });
});

describe('compilation', () => {
  it.each([
    ['http.send({"method": "GET", "url": "http://localhost"})', 'http.send'],
    ['net.lookup_ip_addr("localhost")', 'net.lookup_ip_addr'],
    ['opa.runtime()', 'opa.runtime'],
  ])('refuses %s, and says where', async (call, name) => {
    expect(await problemsOf(`package a\n\ny := 1\nx := ${call}`)).toEqual([
      expect.objectContaining({ path: 'src/a.rego', row: 4, message: `undefined function ${name}` }),
    ]);
  });

  it('refuses a refused function in disguise', async () => {
    expect(await problemsOf('package a\nx if { y with count as http.send }\ny if count([])')).not.toBe(
      'none',
    );
    expect(await problemsOf('package a\nx := f(1) with f as opa.runtime\nf(y) := y')).not.toBe('none');
  });

  it.each([
    'ec.oci.image_manifest("r").layer',
    'ec.oci.descriptor("r").mediatype',
    'ec.purl.parse("pkg:a/b").qualifier',
    'ec.sigstore.verify_image("r", {"ignore_rekor": true}).sucess',
    'ec.oci.image_referrers("r")[0].artifact_type',
  ])('refuses %s: there is no such field', async (expression) => {
    expect(await problemsOf(`package a\nx := ${expression}`)).toMatchObject([
      { code: 'rego_type_error', path: 'src/a.rego', row: 2 },
    ]);
  });

  it('takes the fields that there are, at any index', async () => {
    await compile(`package a
layers := [ec.oci.image_manifest("r").layers[3].annotations["x"], ec.oci.image_index("r").manifests[1].platform.os]
purl if ec.purl.is_valid(input.purl) == true
verified := ec.sigstore.verify_attestation("r", {"ignore_rekor": false, "public_key": "k"}).attestations[2].statement.predicate
files := ec.oci.blob_files("r", ["a", "b", "c"])["a"].any`);
  });

  it('lists rules with their annotations, and leaves tests out', async () => {
    const text =
      '# METADATA\n# title: T\n# custom:\n#  n: 1\npackage a\nx contains {"code": "a.x"}\nf(y) := y';
    const modules = [
      { path: 'b.rego', text },
      { path: 'b_test.rego', text: 'not Rego' },
    ];
    const annotations = [{ scope: 'package', title: 'T', custom: { n: 1 } }];
    expect(await shared.compile('b', { modules, data: '{}' })).toEqual({
      rules: [
        {
          package: 'a',
          name: 'x',
          path: 'b.rego',
          row: 6,
          kind: 'set',
          type: expect.any(String),
          annotations,
          literalCode: 'a.x',
        },
        {
          package: 'a',
          name: 'f',
          path: 'b.rego',
          row: 7,
          kind: 'function',
          type: expect.any(String),
          annotations,
        },
      ],
    });
  });

  it('keeps several programs apart, until they are released', async () => {
    await compile('package a\nx := 1', { id: 'one' });
    await compile('package a\nx := 2', { id: 'two' });
    expect(await valuesOf(['x'], { program: 'one' })).toEqual(['1']);
    expect(await valuesOf(['x'], { program: 'two' })).toEqual(['2']);
    shared.release('one');
    expect(await failureOf(['x'], { program: 'one' })).toMatchObject({ message: 'there is no such program' });
    expect(await valuesOf(['x'], { program: 'two' })).toEqual(['2']);
  });
});

describe('the host', () => {
  it('is waited for by several evaluations at once', async () => {
    await compile('package a\nx := [ec.oci.blob(r) | some r in [input.id, "b", "c"]]');
    const open: (() => void)[] = [];
    let arrived = Promise.withResolvers<void>();
    const host: HostCall = (_, args) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      open.push(() => resolve(JSON.stringify(`${args}`)));
      if (open.length === 8) arrived.resolve();
      return promise;
    };
    const work = Array.from({ length: 8 }, (_, id) =>
      valuesOf(['x'], { id, input: `{"id": "${id}"}`, host }),
    );
    for (let round = 0; round < 3; round++) {
      await arrived.promise;
      arrived = Promise.withResolvers();
      // The last that asked is answered first.
      for (const answer of open.splice(0).reverse()) answer();
    }
    const values = (await Promise.all(work)).map((value) => JSON.parse((value as [string])[0]));
    expect(values).toEqual(Array.from({ length: 8 }, (_, id) => [`["${id}"]`, '["b"]', '["c"]']));
  });

  it('ends the evaluation that it refuses with its very error, and no other', async () => {
    await compile('package a\nx contains ec.oci.blob(r) if some r in ["a", "b"]\ny if not ec.oci.blob("a")');
    const reason = new Error('the registry is away');
    let calls = 0;
    const refuse: HostCall = async () => {
      calls += 1;
      throw reason;
    };
    const results = await Promise.allSettled([
      evaluate(['x'], { id: 1, host: refuse }),
      evaluate(['x'], { id: 2, host: async () => '"b"' }),
      evaluate(['y'], { id: 3, host: refuse }),
    ]);
    expect(results).toMatchObject([
      { status: 'rejected', reason },
      { status: 'fulfilled', value: { values: ['["b"]'] } },
      { status: 'rejected', reason },
    ]);
    expect((results[0] as PromiseRejectedResult).reason).toBe(reason);
    expect(calls).toBe(2);
  });

  it('that throws before it promises anything refuses too', async () => {
    await compile('package a\nx if ec.oci.blob("a")');
    const host: HostCall = () => {
      throw new RangeError('at once');
    };
    await expect(evaluate(['x'], { host })).rejects.toThrow('at once');
  });

  it('that answers with no JSON fails the evaluation', async () => {
    await compile('package a\nx if not ec.oci.blob("a")');
    await expect(evaluate(['x'], { host: async () => '' })).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await failureOf(['x'], { host: async () => 'text' })).toMatchObject({
      message: expect.stringMatching(/invalid character/),
    });
  });

  it('is not asked for package URLs, which are answered at once', async () => {
    await compile('package a\nx := [ec.purl.parse("pkg:npm/a@1").name, ec.purl.is_valid("no")]');
    const host: HostCall = () => Promise.reject(new Error('asked'));
    expect(await valuesOf(['x'], { host })).toEqual(['["a",false]']);
  });
});

describe('limits', () => {
  let runtime: Runtime;
  beforeEach(async () => {
    runtime = await Runtime.start(files);
  });

  it('end an evaluation that computes for too long, and the next one is well', async () => {
    await compile(`package a\nx if { ${LONG} }\ny := 1`, { runtime });
    expect(await failureOf(['x'], { runtime, limits: { runMs: 100 } })).toMatchObject({ stop: 'time' });
    expect(await valuesOf(['y'], { runtime })).toEqual(['1']);
  });

  it('do not count what it waits for the host', async () => {
    await compile(`package a\nx if { ec.oci.blob("r") }\nlong if { ${LONG} }`, { runtime });
    const { promise, resolve } = Promise.withResolvers<string>();
    const waits = valuesOf(['x'], { runtime, limits: { runMs: 150 }, host: () => promise });
    await failureOf(['long'], { runtime, id: 2, limits: { runMs: 300 } });
    resolve('true');
    expect(await waits).toEqual(['true']);
  });

  it('end an evaluation that keeps too much', async () => {
    await compile(
      'package a\nx := [t | some i in numbers.range(1, 90000); t := sprintf("%d %s", [i, input.long])]\ny := 1',
      { runtime },
    );
    expect(
      await failureOf(['x'], { runtime, input: LONG_INPUT, limits: { heapBytes: 60_000_000 } }),
    ).toMatchObject({
      stop: 'memory',
    });
    expect(await valuesOf(['y'], { runtime })).toEqual(['1']);
  }, 60_000);

  it('end an evaluation whose values are too large', async () => {
    await compile('package a\nx := concat("", [input.x, input.x])', { runtime });
    const asked = { runtime, input: JSON.stringify({ x: 'x'.repeat(1000) }), limits: { resultBytes: 1500 } };
    expect(await failureOf(['x'], asked)).toMatchObject({ stop: 'memory' });
  });

  it('bound what is printed', async () => {
    await compile('package a\nx if { some i in numbers.range(1, 3000); print(i, input.x); i < 0 }', {
      runtime,
    });
    const result = await evaluate(['x'], { runtime, input: JSON.stringify({ x: 'x'.repeat(10_000) }) });
    const printed = 'printed' in result ? result.printed : [];
    expect(printed[0]).toMatch(/^a\.rego:2: 1 x+…$/);
    expect(printed.join('').length).toBeLessThan(300_000);
    expect(printed.length).toBeLessThanOrEqual(1000);
  });
});

describe('cancellation', () => {
  it('ends an evaluation that computes, while the thread stays awake', async () => {
    await compile(`package a\nx if { ${LONG} }`);
    const work = failureOf(['x'], { id: 7 });
    // Comes only when the evaluation lets the thread's events have their turn.
    setImmediate(() => shared.cancel(7));
    expect(await work).toMatchObject({ stop: 'cancelled' });
  });

  it('ends one that waits for the host, and leaves another alone', async () => {
    await compile('package a\nx := ec.oci.blob("r")');
    const answer = Promise.withResolvers<string>();
    const asked = Promise.withResolvers<void>();
    const never = failureOf(['x'], {
      id: 8,
      host: () => {
        asked.resolve();
        return new Promise(() => {});
      },
    });
    const other = valuesOf(['x'], { id: 9, host: () => answer.promise });
    await asked.promise;
    shared.cancel(8);
    expect(await never).toMatchObject({ stop: 'cancelled' });
    answer.resolve('"late"');
    expect(await other).toEqual(['"late"']);
  });

  it('of what is not there, or no longer, does nothing', async () => {
    await compile('package a\nx := 1');
    shared.cancel(4711);
    expect(await valuesOf(['x'], { id: 10 })).toEqual(['1']);
    shared.cancel(10);
    expect(await valuesOf(['x'], { id: 10 })).toEqual(['1']);
  });

  it('needs evaluations to have different ids', async () => {
    await compile('package a\nx := ec.oci.blob("r")');
    const answer = Promise.withResolvers<string>();
    const first = valuesOf(['x'], { id: 11, host: () => answer.promise });
    await expect(evaluate(['x'], { id: 11 })).rejects.toThrow('two evaluations 11');
    answer.resolve('1');
    expect(await first).toEqual(['1']);
  });
});

describe('the world', () => {
  it('has time zones of its own', async () => {
    await compile('package a\nx := time.format([0, "America/New_York"])');
    expect(await valuesOf(['x'])).toEqual(['"1969-12-31T19:00:00-05:00"']);
  });

  it.each(['http://127.0.0.1:9/s.json', 'file:///etc/passwd'])('has no schema at %s', async (ref) => {
    await compile('package a\nx := json.match_schema({}, {"$ref": input.ref})');
    expect(await valuesOf(['x'], { input: JSON.stringify({ ref }) })).toEqual([undefined]);
  });

  it('is not this thread’s: nothing is left in it', async () => {
    const before = Reflect.ownKeys(globalThis);
    await Runtime.start(files);
    expect(Reflect.ownKeys(globalThis)).toEqual(before);
  });
});

describe('the end of the module', () => {
  it('comes as a limit when the memory is used up, for all that is under way and all that follows', async () => {
    const small = await Runtime.start(await readEngine(DIST, 100_000_000));
    await compile(
      'package a\nwaits := ec.oci.blob("r")\nx := [t | some i in numbers.range(1, 90000); t := sprintf("%d %s", [i, input.long])]',
      { runtime: small },
    );
    const limits = { heapBytes: 0, runMs: 0 };
    const waits = evaluate(['waits'], { runtime: small, id: 1, host: () => new Promise(() => {}) });
    const greedy = evaluate(['x'], { runtime: small, id: 2, input: LONG_INPUT, limits });
    for (const { reason } of (await Promise.allSettled([greedy, waits])) as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ code: 'POLICY_LIMIT', message: expect.stringMatching(/memory/) });
    }
    await expect(evaluate(['waits'], { runtime: small })).rejects.toBe(small.death);
    expect(small.death).toMatchObject({ code: 'POLICY_LIMIT' });
    await expect(small.compile('q', { modules: [], data: '{}' })).rejects.toBe(small.death);
    small.cancel(1);
    small.release('p');
  }, 120_000);

  it.each([
    ['modules', `package a\nx := ${'['.repeat(200_000)}`, '{}'],
    ['data', 'package a\nx := data', `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`],
  ])('comes as a limit, or a problem, when %s are nested too deeply', async (_, text, data) => {
    const runtime = await Runtime.start(files);
    const result = await runtime
      .compile('p', { modules: [{ path: 'a.rego', text }], data })
      .catch((error: unknown) => ({ error }));
    expect('rules' in result).toBe(false);
    if ('error' in result) expect(result.error).toMatchObject({ code: 'POLICY_LIMIT' });
  });

  it('or a failure, but no result, is what an input that is nested too deeply comes to', async () => {
    const runtime = await Runtime.start(files);
    await compile('package a\nx := input', { runtime });
    for (const depth of [9000, 1_000_000]) {
      const input = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
      const result = await evaluate(['x'], { runtime, input }).catch((error: unknown) => ({ error }));
      expect('values' in result).toBe(false);
    }
  });
});
