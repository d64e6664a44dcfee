// Real policies in real threads: what they say, and what hostile ones do to the others.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { ErrorCode } from '../../../src/base/errors.ts';
import type { CompiledPolicy, HostFunctions, RuleReference } from '../../../src/policy/engine.ts';
import { readEngine } from '../../../src/policy/wasm/engine-files.ts';
import { enginePlace } from '../../../src/policy/wasm/open-engine.ts';
import { WasmEngine } from '../../../src/policy/wasm/wasm-engine.ts';
import { tempDirectory } from '../../support/temp.ts';

const MIB = 2 ** 20;
const MEMORY_BYTES = 192 * MIB;
const POLICY = `
package p

import rego.v1

# METADATA
# title: Names are short
# custom:
#   short_name: short
deny contains {"code": "p.short", "msg": sprintf("%q is long", [name])} if {
	some name in input.names
	count(name) > 3
}

asked := [answer |
	some reference in input.references
	answer := ec.oci.descriptor(reference)
]

purl := ec.purl.parse(input.purl).name

undecided if input.missing

noted if print("seen", input.names)

conflict := 1 if input.names

conflict := 2 if input.names

endless if {
	some i in numbers.range(1, 100000)
	some j in numbers.range(1, 100000)
	i + j < 0
}

hoard := [text |
	some i in numbers.range(1, 100000)
	some j in numbers.range(1, 1000)
	text := sprintf("%d %d", [i, j])
]

large := [repeated | some i in numbers.range(1, 2000); repeated := concat("", [input.text, sprintf("%d", [i])])]
`;

const code = (expected: ErrorCode) => expect.objectContaining({ code: expected });
const nobody: HostFunctions = (name) => Promise.reject(new Error(`nobody answers ${name}`));
const ref = (name: string): RuleReference => ({ package: 'p', name });
const place = enginePlace(join(import.meta.dirname, '..', '..', '..', 'src', 'policy', 'wasm'));

function engineWith(threads: number, limits: { readonly runMs?: number; readonly slots?: number } = {}) {
  return new WasmEngine({
    threads,
    file: place.worker,
    readFiles: () => readEngine(place.folder, MEMORY_BYTES),
    limits: {
      slots: limits.slots ?? 4,
      silenceMs: 60_000,
      evaluation: {
        runMs: limits.runMs ?? 20_000,
        heapBytes: MEMORY_BYTES * 0.75,
        resultBytes: MIB,
      },
    },
    clock: systemClock,
  });
}

async function evaluate(
  policy: CompiledPolicy,
  rule: string,
  input: unknown,
  host = nobody,
  signal?: AbortSignal,
): Promise<unknown> {
  const { values } = await policy.evaluate(JSON.stringify(input), [ref(rule)], host, signal);
  expect(values.map(({ value, ...reference }) => reference)).toEqual([ref(rule)]);
  return values[0]?.value;
}

describe('an evaluation', () => {
  let engine: WasmEngine;
  let policy: CompiledPolicy;
  const compile = (text: string, data = '{}') =>
    engine.compile({ modules: [{ path: 'a.rego', text }], data });

  beforeAll(async () => {
    engine = engineWith(1);
    policy = await engine.compile({ modules: [{ path: 'p.rego', text: POLICY }], data: '{}' });
  }, 60_000);
  afterAll(() => engine.close());

  it('answers exactly what it was asked, in that order', async () => {
    const rules = ['undecided', 'deny', 'noted'].map(ref);
    const { values, printed } = await policy.evaluate('{"names":["long","abc"]}', rules, nobody);
    expect(values).toEqual([
      { ...ref('undecided'), value: undefined },
      { ...ref('deny'), value: [{ code: 'p.short', msg: '"long" is long' }] },
      { ...ref('noted'), value: true },
    ]);
    expect(printed).toEqual([expect.stringContaining('seen ["long", "abc"]')]);
  });

  it('knows the rules, with what their authors say of them', () => {
    const deny = policy.rules.find(({ name }) => name === 'deny');
    expect(deny).toMatchObject({ package: 'p', path: 'p.rego', kind: 'set', literalCode: 'p.short' });
    expect(deny?.annotations).toEqual([
      { scope: 'rule', title: 'Names are short', custom: { short_name: 'short' } },
    ]);
  });

  it('asks the host, and gets undefined for undefined', async () => {
    const asked: unknown[] = [];
    const host: HostFunctions = async (name, args) => {
      asked.push([name, args]);
      return args[0] === 'a' ? undefined : { digest: args[0] };
    };
    expect(await evaluate(policy, 'asked', { references: ['a', 'b', 'a'] }, host)).toEqual([{ digest: 'b' }]);
    expect(asked).toEqual([
      ['ec.oci.descriptor', ['a']],
      ['ec.oci.descriptor', ['b']],
    ]);
  });

  it('parses package URLs without the host', async () => {
    expect(await evaluate(policy, 'purl', { purl: 'pkg:npm/left-pad@1.0.0' })).toBe('left-pad');
  });

  it('fails with the very error of the host', async () => {
    const error = new Error('throttled');
    const failing = evaluate(policy, 'asked', { references: ['a'] }, () => Promise.reject(error));
    await expect(failing).rejects.toBe(error);
  });

  it.each([
    ['conflict', { names: [] }, 'eval_conflict_error'],
    ['unheard_of', {}, 'unheard_of'],
  ])('fails when the policies fail: %s', async (rule, input, text) => {
    await expect(evaluate(policy, rule, input)).rejects.toEqual(code('POLICY_FAILED'));
    await expect(evaluate(policy, rule, input)).rejects.toThrow(text);
  });

  it('fails for an input that is none', async () => {
    await expect(policy.evaluate('{"names":', [ref('deny')], nobody)).rejects.toEqual(code('POLICY_FAILED'));
  });

  it('ends for an input that is nested deeply, and the next one is fine', async () => {
    const nested = `{"names":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    await expect(policy.evaluate(nested, [ref('deny')], nobody)).rejects.toMatchObject({
      kind: 'undetermined',
    });
    expect(await evaluate(policy, 'deny', { names: [] })).toEqual([]);
  });

  it('is bounded in what it says', async () => {
    await expect(evaluate(policy, 'large', { text: 'x'.repeat(1000) })).rejects.toEqual(code('POLICY_LIMIT'));
  });

  it('can be cancelled while it computes, at the cost of nobody', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const endless = evaluate(policy, 'endless', {}, nobody, controller.signal);
    // Both are in the same thread: this one is answered while that one computes.
    expect(await evaluate(policy, 'deny', { names: [] })).toEqual([]);
    controller.abort(reason);
    await expect(endless).rejects.toBe(reason);
    expect(await evaluate(policy, 'deny', { names: [] })).toEqual([]);
  });

  it.each([
    ['package a\n\nimport rego.v1\n\ndeny contains', 'a.rego:5: rego_parse_error'],
    ['package a\n\nx := opa.runtime()', 'a.rego:3: rego_type_error: undefined function opa.runtime'],
    ['package a\n\nx := http.send({})', 'a.rego:3: rego_type_error: undefined function http.send'],
    ['package a\n\nx := count(1)', 'a.rego:3: rego_type_error'],
  ])('does not begin with a policy that does not compile: %j', async (text, message) => {
    await expect(compile(text)).rejects.toEqual(code('BAD_POLICY'));
    await expect(compile(text)).rejects.toThrow(message);
  });

  it('keeps the digits of numbers in data', async () => {
    const text = 'package a\n\ntext := json.marshal(data.when)';
    const compiled = await compile(text, '{"when":1700000000123456789}');
    const { values } = await compiled.evaluate('{}', [{ package: 'a', name: 'text' }], nobody);
    expect(values[0]?.value).toBe('1700000000123456789');
  });
});

describe('evaluations side by side', () => {
  it('get their own answers: 64 in two threads, whose calls are answered in any order', async () => {
    const engine = engineWith(2);
    try {
      const policy = await engine.compile({ modules: [{ path: 'p.rego', text: POLICY }], data: '{}' });
      const open: (() => void)[] = [];
      let seed = 7;
      const answerOne = () => {
        seed = (seed * 16_807) % 2_147_483_647;
        open.splice(seed % open.length, 1)[0]?.();
      };
      const host: HostFunctions = (_name, [reference]) =>
        new Promise((resolve) => {
          open.push(() => resolve(`answer to ${reference}`));
          // As many wait as can: two threads with four each.
          setImmediate(() => open.length > 0 && answerOne());
        });
      const evaluations = Array.from({ length: 64 }, async (_, index) => {
        const references = Array.from({ length: 5 }, (__, call) => `${index}/${call}`);
        const answers = await evaluate(policy, 'asked', { references }, host);
        expect(answers).toEqual(references.map((reference) => `answer to ${reference}`));
      });
      await Promise.all(evaluations);
      expect(open).toEqual([]);
    } finally {
      await engine.close();
    }
  }, 60_000);
});

describe('a policy that takes too much', () => {
  let engine: WasmEngine;
  let policy: CompiledPolicy;
  beforeAll(async () => {
    engine = engineWith(1, { runMs: 300 });
    policy = await engine.compile({ modules: [{ path: 'p.rego', text: POLICY }], data: '{}' });
  }, 60_000);
  afterAll(() => engine.close());

  it('of time is stopped; what waits for the host meanwhile is not', async () => {
    const answer = Promise.withResolvers<string>();
    const waiting = evaluate(policy, 'asked', { references: ['a'] }, () => answer.promise);
    await expect(evaluate(policy, 'endless', {})).rejects.toEqual(code('POLICY_LIMIT'));
    answer.resolve('late');
    expect(await waiting).toEqual(['late']);
  });

  it('of memory is stopped; its neighbours are not', async () => {
    const hungry = engineWith(1);
    try {
      const compiled = await hungry.compile({ modules: [{ path: 'p.rego', text: POLICY }], data: '{}' });
      const answer = Promise.withResolvers<string>();
      const asked = Promise.withResolvers<void>();
      const neighbour = evaluate(compiled, 'asked', { references: ['a'] }, () => {
        asked.resolve();
        return answer.promise;
      });
      await asked.promise;
      const hoard = expect(evaluate(compiled, 'hoard', {})).rejects.toEqual(code('POLICY_LIMIT'));
      // It is looked at again, alone: that has to wait for this.
      answer.resolve('fine');
      expect(await neighbour).toEqual(['fine']);
      await hoard;
      expect(await evaluate(compiled, 'deny', { names: [] })).toEqual([]);
    } finally {
      await hungry.close();
    }
  }, 60_000);
});

describe('the engine’s files', () => {
  it.each([
    ['damaged', (folder: string) => flip(join(folder, 'wasm_exec.js'))],
    ['exchanged', (folder: string) => writeFileSync(join(folder, 'SHA256SUMS'), '')],
  ])('are not run when they are %s', async (_what, damage) => {
    using temp = tempDirectory();
    const folder = join(temp.path, 'policy');
    cpSync(place.folder, folder, { recursive: true });
    damage(folder);
    const engine = new WasmEngine({
      threads: 1,
      file: place.worker,
      readFiles: () => readEngine(folder, MEMORY_BYTES),
      limits: { slots: 1, silenceMs: 1000, evaluation: { runMs: 1, heapBytes: 1, resultBytes: 1 } },
      clock: systemClock,
    });
    await expect(engine.compile({ modules: [], data: '{}' })).rejects.toEqual(code('INTERNAL'));
    await engine.close();
  });
});

function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}
