// A program that evaluates policies and then ends in the way that its argument says.
import { systemClock } from '../../../src/base/clock.ts';
import { settleEngine } from '../../../src/engine.ts';
import { openEngine } from '../../../src/policy/wasm/open-engine.ts';

const POLICY = `package p

fine := ec.oci.descriptor(input)

endless if {
	some i in numbers.range(1, 100000)
	some j in numbers.range(1, 100000)
	i + j < 0
}`;

settleEngine();
// An event loop that runs dry while something is awaited is no success.
process.exitCode = 3;
const { engine } = openEngine({ threads: 2, clock: systemClock });
const policy = await engine.compile({ modules: [{ path: 'p.rego', text: POLICY }], data: '{}' });
const ask = (name: string) => policy.evaluate('"x"', [{ package: 'p', name }], async () => 'answer');
const [{ value } = {}] = (await ask('fine')).values;
if (value !== 'answer') throw new Error(`not ${value}`);

switch (process.argv[2]) {
  case 'close':
    await engine.close();
    break;
  case 'close-busy': {
    const endless = Promise.allSettled(Array.from({ length: 6 }, () => ask('endless')));
    await ask('fine');
    await engine.close();
    await endless;
    break;
  }
  case 'exit-busy':
    for (let index = 0; index < 6; index += 1) ask('endless').catch(() => {});
    await ask('fine');
    process.exit(0);
    break;
  case 'exit-loading':
    engine.compile({ modules: [{ path: 'q.rego', text: POLICY }], data: '{}' }).catch(() => {});
    process.exit(0);
    break;
  case 'forget':
    break;
}
process.exitCode = 0;
