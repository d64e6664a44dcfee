// The engine around threads that misbehave on purpose. What real policies do is in evaluation.test.ts.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { ErrorCode } from '../../../src/base/errors.ts';
import type { HostFunctions, PolicyProgram } from '../../../src/policy/engine.ts';
import type { EngineFiles } from '../../../src/policy/wasm/engine-files.ts';
import { WasmEngine, type WasmEngineOptions } from '../../../src/policy/wasm/wasm-engine.ts';
import { HeldClock } from './held-clock.ts';

// The smallest module there is: stubs do not run it.
const EMPTY = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
const FILES: EngineFiles = { module: new WebAssembly.Module(EMPTY), goScript: '', memoryBytes: 0 };
const RULES = [{ package: 'p', name: 'deny' }];
const PROGRAM: PolicyProgram = { modules: [], data: '{}' };
const LIMITS = {
  slots: 4,
  silenceMs: 60_000,
  evaluation: { runMs: 1000, heapBytes: 2 ** 28, resultBytes: 2 ** 20 },
};
const code = (expected: ErrorCode) => expect.objectContaining({ code: expected });
const nobody: HostFunctions = () => Promise.reject(new Error('nobody asks'));

let engine: WasmEngine;
let loads: number;

function engineWith(options: Partial<WasmEngineOptions> = {}): WasmEngine {
  return new WasmEngine({
    threads: 1,
    file: join(import.meta.dirname, 'stub-worker.ts'),
    readFiles: async () => {
      loads += 1;
      return FILES;
    },
    limits: LIMITS,
    clock: systemClock,
    ...options,
  });
}

beforeEach(() => {
  loads = 0;
  engine = engineWith();
});
afterEach(() => engine.close());

/** Compiles, evaluates, and gives the one value. */
async function evaluate(behaviour: string, host = nobody, signal?: AbortSignal): Promise<unknown> {
  const policy = await engine.compile(PROGRAM);
  const { values } = await policy.evaluate(JSON.stringify(behaviour), RULES, host, signal);
  expect(values.map(({ value, ...rule }) => rule)).toEqual(RULES);
  return values[0]?.value;
}

/** Leaves calls open until the test answers the last one. */
class HoldingHost {
  #count = 0;
  #answer: (() => void) | undefined;
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined;

  readonly call: HostFunctions = () =>
    new Promise((resolve) => {
      this.#count += 1;
      this.#answer = () => resolve('fine');
      if (this.#count === this.#waiting?.count) this.#waiting.resolve();
    });

  /** Resolves once so many calls have been made. */
  asked(count: number): Promise<void> {
    if (this.#count >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = { count, resolve };
    });
  }

  answer(): void {
    this.#answer?.();
  }
}

/** A promise and the ways to settle it. */
const gate = <T = void>() => Promise.withResolvers<T>();

describe('an engine', () => {
  it('loads nothing before the first compilation, and its files once', async () => {
    expect(loads).toBe(0);
    await Promise.all([evaluate('answer'), evaluate('answer')]);
    await engine.compile({ modules: [], data: '[]' });
    expect(loads).toBe(1);
  });

  it('passes on why its files cannot be read, and tries again', async () => {
    const broken = new Error('damaged');
    let isBroken = true;
    engine = engineWith({
      readFiles: async () => {
        if (isBroken) throw broken;
        return FILES;
      },
    });
    await expect(evaluate('answer')).rejects.toBe(broken);
    isBroken = false;
    expect(await evaluate('answer')).toBe('fine');
  });

  it('compiles a program once, whoever brings it and in whatever order its modules come', async () => {
    const [a, b] = [
      { path: 'a.rego', text: 'package a' },
      { path: 'b.rego', text: 'package b' },
    ];
    const policies = await Promise.all([
      engine.compile({ modules: [a, b], data: '{}' }),
      engine.compile({ modules: [b, a], data: '{}' }),
    ]);
    expect(policies[0]).toBe(policies[1]);
    const { values } = (await policies[0]?.evaluate('"compilations"', RULES, nobody)) ?? {};
    expect(values).toEqual([{ ...RULES[0], value: 1 }]);
  });

  it('tells programs apart by data, by text and by path', async () => {
    const module = { path: 'a.rego', text: 'package a' };
    const policies = await Promise.all([
      engine.compile({ modules: [module], data: '{}' }),
      engine.compile({ modules: [module], data: '{"a":1}' }),
      engine.compile({ modules: [{ ...module, text: 'package b' }], data: '{}' }),
      engine.compile({ modules: [{ ...module, path: 'b.rego' }], data: '{}' }),
    ]);
    expect(new Set(policies.map(({ digest }) => digest)).size).toBe(4);
  });

  it('reports a policy that does not compile, and compiles it anew when asked again', async () => {
    const compile = () => engine.compile({ modules: [], data: '"bad"' });
    await expect(compile()).rejects.toEqual(code('BAD_POLICY'));
    await expect(compile()).rejects.toThrow('p.rego:3: no');
    expect(await evaluate('compilations')).toBe(3);
  });

  it('gives up on a program that kills the thread that compiles it, after a second try', async () => {
    await expect(engine.compile({ modules: [], data: '"exit"' })).rejects.toEqual(code('POLICY_FAILED'));
    expect(await evaluate('answer')).toBe('fine');
  });

  it('answers each rule once, however often it was asked for', async () => {
    const policy = await engine.compile(PROGRAM);
    const { values } = await policy.evaluate('"answer"', [...RULES, ...RULES], nobody);
    expect(values).toEqual([{ ...RULES[0], value: 'fine' }]);
  });

  it('does not evaluate nothing', async () => {
    const policy = await engine.compile(PROGRAM);
    await expect(policy.evaluate('"answer"', [], nobody)).rejects.toEqual(code('POLICY_EMPTY'));
  });
});

describe('an answer of a thread', () => {
  it.each(['nothing', 'twice', 'noJson'])('that is none to the question fails: %s', async (behaviour) => {
    await expect(evaluate(behaviour)).rejects.toEqual(code('POLICY_FAILED'));
    expect(await evaluate('answer')).toBe('fine');
  });

  it.each(['shapeless', 'stranger', 'compiledInstead', 'badCall'])(
    'that is against the protocol fails, and ends the thread: %s',
    async (behaviour) => {
      await expect(evaluate(behaviour)).rejects.toEqual(code('POLICY_FAILED'));
      expect(await evaluate('compilations')).toBe(1);
    },
  );
});

describe('a thread that dies', () => {
  it.each(['throw', 'exit', 'died'])('fails the evaluation that kills it twice: %s', async (behaviour) => {
    await expect(evaluate(behaviour)).rejects.toEqual(code('POLICY_FAILED'));
    expect(await evaluate('answer')).toBe('fine');
  });

  it('takes no neighbour down: each is done again by a thread that does nothing else', async () => {
    const policy = await engine.compile(PROGRAM);
    const host = new HoldingHost();
    const neighbours = [1, 2, 3].map(() => policy.evaluate('"meet"', RULES, host.call));
    await host.asked(3);
    const poison = policy.evaluate('"exit"', RULES, nobody);
    const isFound = expect(poison).rejects.toEqual(code('POLICY_FAILED'));
    for (let call = 4; call <= 6; call += 1) {
      await host.asked(call);
      host.answer();
    }
    await isFound;
    for (const neighbour of neighbours) expect((await neighbour).values[0]?.value).toBe(1);
  });

  it('has its work done again with nobody beside it, who came later neither', async () => {
    const policy = await engine.compile(PROGRAM);
    const isAskedAgain = gate();
    const isAnswered = gate<string>();
    let calls = 0;
    const obeying = policy.evaluate('"askAndObey"', RULES, async () => {
      calls += 1;
      if (calls === 1) return 'exit';
      isAskedAgain.resolve();
      return isAnswered.promise;
    });
    await isAskedAgain.promise;
    const later = policy.evaluate('"overlap"', RULES, nobody);
    // Whatever is to be sent at once has been sent then.
    await new Promise((resolve) => setImmediate(resolve));
    isAnswered.resolve('fine');
    expect((await obeying).values[0]?.value).toBe(1);
    expect((await later).values[0]?.value).toBe(1);
  });

  it('has its work done again before other work', async () => {
    engine = engineWith({ limits: { ...LIMITS, slots: 1 } });
    const policy = await engine.compile(PROGRAM);
    const order: string[] = [];
    const ask = (name: string, answer: string) =>
      policy.evaluate('"askAndObey"', RULES, async () => {
        order.push(name);
        return order.length === 1 ? answer : 'fine';
      });
    await Promise.all([ask('first', 'exit'), ask('second', 'fine')]);
    expect(order).toEqual(['first', 'first', 'second']);
  });

  it('tells the host that nobody waits for it any more', async () => {
    const policy = await engine.compile(PROGRAM);
    const signals: AbortSignal[] = [];
    const isAsked = gate();
    const asking = policy.evaluate('"ask"', RULES, async (_name, _args, signal) => {
      signals.push(signal);
      isAsked.resolve();
      return signals.length === 1 ? new Promise(() => {}) : 'again';
    });
    await isAsked.promise;
    await expect(policy.evaluate('"exit"', RULES, nobody)).rejects.toEqual(code('POLICY_FAILED'));
    expect((await asking).values[0]?.value).toBe('"again"');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it('and cannot even begin is a failure, not a hang', async () => {
    engine = engineWith({ file: join(import.meta.dirname, 'no-such-file.ts') });
    await expect(evaluate('answer')).rejects.toEqual(code('POLICY_FAILED'));
  });
});

describe('limits', () => {
  it('end a thread that no longer answers: its evaluation is tried again, and fails', async () => {
    const clock = new HeldClock();
    engine = engineWith({ clock });
    const policy = await engine.compile(PROGRAM);
    const host = new HoldingHost();
    const isFound = expect(policy.evaluate('"askAndHang"', RULES, host.call)).rejects.toEqual(
      code('POLICY_LIMIT'),
    );
    for (const attempt of [1, 2]) {
      await host.asked(attempt);
      host.answer();
      await clock.advance(9);
      expect(clock.sleepers).toBe(1);
      await clock.advance(1);
    }
    await isFound;
    expect(await evaluate('answer')).toBe('fine');
  });

  it('do not count while the thread waits for the host', async () => {
    const clock = new HeldClock();
    engine = engineWith({ clock });
    const host = new HoldingHost();
    const value = evaluate('ask', host.call);
    await host.asked(1);
    expect(clock.sleepers).toBe(0);
    host.answer();
    expect(await value).toBe('"fine"');
  });

  it('of memory are looked at again once there are no neighbours', async () => {
    const policy = await engine.compile(PROGRAM);
    const host = new HoldingHost();
    const neighbour = policy.evaluate('"ask"', RULES, host.call);
    await host.asked(1);
    const failed = gate();
    let calls = 0;
    const squeezed = policy.evaluate('"askAndSqueeze"', RULES, async (_name, _args, signal) => {
      calls += 1;
      signal.addEventListener('abort', () => failed.resolve());
    });
    await failed.promise;
    await new Promise((resolve) => setImmediate(resolve));
    host.answer();
    await neighbour;
    expect(calls).toBe(1);
    expect((await squeezed).values[0]?.value).toBe('fine');
    expect(await evaluate('compilations')).toBe(1);
  });

  it('of time are final', async () => {
    await expect(evaluate('outOfTime')).rejects.toEqual(code('POLICY_LIMIT'));
    await expect(evaluate('outOfTime')).rejects.toThrow('too long');
    expect(await evaluate('compilations')).toBe(1);
  });

  it('bound the calls of one evaluation', async () => {
    let calls = 0;
    const host = async () => {
      calls += 1;
    };
    await expect(evaluate('askForEver', host)).rejects.toEqual(code('POLICY_LIMIT'));
    expect(calls).toBe(20_000);
  });
});

describe('a call of the host', () => {
  it('gets the name and the arguments, and its answer comes back', async () => {
    const value = await evaluate('ask', async (name, args) => ({ name, args }));
    expect(value).toBe('{"name":"ec.test","args":[1]}');
  });

  it('is undefined when the host says so', async () => {
    expect(await evaluate('ask', async () => undefined)).toBe('undefined');
    expect(await evaluate('ask', async () => null)).toBe('null');
  });

  it.each([
    ['a rejection', () => Promise.reject(new Error('throttled'))],
    [
      'an exception',
      () => {
        throw new Error('throttled');
      },
    ],
  ])('ends its evaluation, and no other, with the very error: %s', async (_kind, host) => {
    const policy = await engine.compile(PROGRAM);
    const thrown: unknown[] = [];
    const failing = policy.evaluate('"ask"', RULES, async () => {
      try {
        return await host();
      } catch (error) {
        thrown.push(error);
        throw error;
      }
    });
    const other = policy.evaluate('"ask"', RULES, async () => 'fine');
    const [failed, fine] = await Promise.allSettled([failing, other]);
    expect(failed).toEqual({ status: 'rejected', reason: thrown[0] });
    expect(failed.status === 'rejected' && failed.reason === thrown[0]).toBe(true);
    expect(fine.status).toBe('fulfilled');
    expect(await evaluate('compilations')).toBe(1);
  });

  it('that fails is the end, also of an evaluation whose thread has to be ended by force', async () => {
    const clock = new HeldClock();
    engine = engineWith({ clock });
    const policy = await engine.compile(PROGRAM);
    const error = new Error('throttled');
    const isAsked = gate();
    const host = () => {
      isAsked.resolve();
      return Promise.reject(error);
    };
    const failing = expect(policy.evaluate('"askAndHang"', RULES, host)).rejects.toBe(error);
    await isAsked.promise;
    await clock.advance(10);
    await failing;
  });

  it('cannot answer with what JSON does not know', async () => {
    await expect(evaluate('ask', async () => 1n)).rejects.toThrow();
    await expect(evaluate('ask', async () => () => {})).rejects.toEqual(code('INTERNAL'));
  });
});

describe('cancelling', () => {
  it('ends one evaluation at once, with the reason, and disturbs no other', async () => {
    const policy = await engine.compile(PROGRAM);
    const controller = new AbortController();
    const reason = new Error('enough');
    const isAsked = gate();
    const cancelled = policy.evaluate(
      '"ask"',
      RULES,
      (_name, _args, signal) => {
        isAsked.resolve();
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
      controller.signal,
    );
    const isAnswered = gate<string>();
    const other = policy.evaluate('"ask"', RULES, () => isAnswered.promise);
    await isAsked.promise;
    controller.abort(reason);
    await expect(cancelled).rejects.toBe(reason);
    isAnswered.resolve('fine');
    expect((await other).values[0]?.value).toBe('"fine"');
    expect(await evaluate('compilations')).toBe(1);
  });

  it('works before the evaluation began', async () => {
    const policy = await engine.compile(PROGRAM);
    const reason = new Error('enough');
    await expect(policy.evaluate('"answer"', RULES, nobody, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const waiting = policy.evaluate('"answer"', RULES, nobody, controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(engine.compile({ modules: [], data: '7' }, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('leaves the slot to others once the thread has let go, be it by force', async () => {
    const clock = new HeldClock();
    engine = engineWith({ clock, limits: { ...LIMITS, slots: 1 } });
    const policy = await engine.compile(PROGRAM);
    const controller = new AbortController();
    const host = new HoldingHost();
    const hanging = policy.evaluate('"askAndHang"', RULES, host.call, controller.signal);
    const later = policy.evaluate('"compilations"', RULES, nobody);
    await host.asked(1);
    controller.abort(new Error('enough'));
    await expect(hanging).rejects.toThrow('enough');
    await clock.advance(10);
    expect((await later).values[0]?.value).toBe(1);
  });
});

describe('closing', () => {
  it('ends what is under way, what waits and what comes later', async () => {
    engine = engineWith({
      limits: { ...LIMITS, slots: 1 },
    });
    const policy = await engine.compile(PROGRAM);
    const isAsked = gate();
    const busy = policy.evaluate('"ask"', RULES, () => {
      isAsked.resolve();
      return new Promise(() => {});
    });
    const waiting = policy.evaluate('"answer"', RULES, nobody);
    await isAsked.promise;
    const ended = [busy, waiting].map((work) => expect(work).rejects.toEqual(code('CANCELLED')));
    await Promise.all([engine.close(), ...ended]);
    await expect(policy.evaluate('"answer"', RULES, nobody)).rejects.toEqual(code('CANCELLED'));
    await expect(engine.compile(PROGRAM)).rejects.toEqual(code('CANCELLED'));
    await engine.close();
  });

  it('ends a thread that computes for ever', async () => {
    const policy = await engine.compile(PROGRAM);
    const host = new HoldingHost();
    const hanging = policy.evaluate('"askAndHang"', RULES, host.call);
    await host.asked(1);
    host.answer();
    await Promise.all([engine.close(), expect(hanging).rejects.toEqual(code('CANCELLED'))]);
  });

  it('ends what is being done again', async () => {
    const policy = await engine.compile(PROGRAM);
    const isAskedAgain = gate();
    let calls = 0;
    const obeying = policy.evaluate('"askAndObey"', RULES, async () => {
      calls += 1;
      if (calls === 1) return 'exit';
      isAskedAgain.resolve();
      return new Promise(() => {});
    });
    await isAskedAgain.promise;
    await Promise.all([engine.close(), expect(obeying).rejects.toEqual(code('CANCELLED'))]);
  });

  it('in the middle of reading ends the compilation', async () => {
    const files = gate<EngineFiles>();
    engine = engineWith({ readFiles: () => files.promise });
    const compiling = engine.compile(PROGRAM);
    const closing = engine.close();
    files.resolve(FILES);
    await expect(compiling).rejects.toEqual(code('CANCELLED'));
    await closing;
  });
});

describe('several threads', () => {
  it('are started only when the others are full; then whichever has least to do is next', async () => {
    engine = engineWith({ threads: 2 });
    const policy = await engine.compile(PROGRAM);
    const asked = Array.from({ length: 6 }, () => gate());
    const answered = Array.from({ length: 6 }, () => gate<string>());
    // Four for the first, two for the second.
    const asking = asked.map((isAsked, index) =>
      policy.evaluate('"ask"', RULES, () => {
        isAsked.resolve();
        return answered[index]?.promise ?? Promise.reject(new Error('nobody'));
      }),
    );
    await Promise.all(asked.map(({ promise }) => promise));
    const overlap = async () => (await policy.evaluate('"overlap"', RULES, nobody)).values[0]?.value;
    expect(await overlap()).toBe(3);
    answered[0]?.resolve('fine');
    await asking[0];
    expect(await overlap()).toBe(3);
    for (const { resolve } of answered) resolve('fine');
    await Promise.all(asking);
  });
});
