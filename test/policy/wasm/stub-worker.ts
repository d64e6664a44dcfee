// A thread that speaks the engine's protocol and misbehaves as the evaluation's input says.
import { parentPort } from 'node:worker_threads';
import type { Order } from '../../../src/policy/wasm/protocol.ts';

type Evaluate = Extract<Order, { type: 'evaluate' }>;

const port = parentPort;
if (port === null) throw new Error('this is a thread');
const waiting = new Map<string, (value: string | undefined) => void>();
const running = new Set<number>();
let compilations = 0;

const answer = ({ id, rules }: Evaluate, value: unknown) => {
  const values = rules.map(() => JSON.stringify(value));
  running.delete(id);
  port.postMessage({ type: 'evaluated', id, values, printed: [] });
};

const ask = (id: number, call: number) =>
  new Promise<string | undefined>((resolve) => {
    waiting.set(`${id}/${call}`, resolve);
    port.postMessage({ type: 'call', id, call, name: 'ec.test', args: `[${call}]` });
  });

const BEHAVIOURS: Readonly<Record<string, (order: Evaluate) => void>> = {
  answer: (order) => answer(order, 'fine'),
  compilations: (order) => answer(order, compilations),
  overlap: (order) => answer(order, running.size),
  throw: () => {
    throw new Error('a defect');
  },
  exit: () => process.exit(3),
  /** Who is asked knows that it hangs now. */
  askAndHang: ({ id }) => {
    void ask(id, 1);
    for (;;);
  },
  /** How many are under way after it has asked. */
  meet: async (order) => {
    await ask(order.id, 1);
    answer(order, running.size);
  },
  /** Dies when the host says so. */
  askAndObey: async (order) => {
    if ((await ask(order.id, 1)) === '"exit"') process.exit(6);
    answer(order, running.size);
  },
  /** Runs out of memory while it has company; alone it is fine. */
  askAndSqueeze: async (order) => {
    await ask(order.id, 1);
    if (running.size === 1) return answer(order, 'fine');
    running.delete(order.id);
    port.postMessage({ type: 'failed', id: order.id, reason: 'memory', message: '' });
  },
  outOfTime: ({ id }) => port.postMessage({ type: 'failed', id, reason: 'time', message: 'too long' }),
  shapeless: ({ id }) => port.postMessage({ type: 'evaluated', id, values: 'all of them', printed: [] }),
  stranger: () => port.postMessage({ type: 'evaluated', id: 9999, values: [null], printed: [] }),
  compiledInstead: ({ id }) => port.postMessage({ type: 'compiled', id, rules: [] }),
  badCall: ({ id }) => port.postMessage({ type: 'call', id, name: 'ec.test', args: '[]' }),
  died: () => port.postMessage({ type: 'died', isLimit: false, message: 'a defect' }),
  nothing: ({ id }) => port.postMessage({ type: 'evaluated', id, values: [], printed: [] }),
  twice: ({ id }) => port.postMessage({ type: 'evaluated', id, values: ['[]', '[]'], printed: [] }),
  noJson: ({ id }) => port.postMessage({ type: 'evaluated', id, values: ['[1,'], printed: [] }),
  ask: async (order) => answer(order, (await ask(order.id, 1)) ?? 'undefined'),
  askForEver: async ({ id }) => {
    for (let call = 1; ; call += 1) await ask(id, call);
  },
};

port.on('message', (order: Order) => {
  switch (order.type) {
    case 'compile':
      compilations += 1;
      if (order.program.data === '"exit"') process.exit(5);
      if (order.program.data === '"bad"')
        return port.postMessage({ type: 'failed', id: order.id, reason: 'policy', message: 'p.rego:3: no' });
      return port.postMessage({ type: 'compiled', id: order.id, rules: [] });
    case 'evaluate':
      running.add(order.id);
      return BEHAVIOURS[JSON.parse(order.input)]?.(order);
    case 'answer':
      return waiting.get(`${order.id}/${order.call}`)?.(order.value);
    case 'cancel':
      if (!running.delete(order.id)) return;
      return port.postMessage({ type: 'failed', id: order.id, reason: 'evaluation', message: 'cancelled' });
  }
});
