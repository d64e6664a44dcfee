// One running instance of a Go program: its world is an object made here, with neither the process, its files nor its
// network; whatever ends it is noticed.
import { compileFunction } from 'node:vm';

/** The class that wasm_exec.js defines. */
interface Go {
  readonly importObject: WebAssembly.Imports;
  exit(code: number): void;
  run(instance: WebAssembly.Instance): Promise<void>;
  _resume(): void;
  readonly _scheduledTimeouts: Map<number, unknown>;
}

/** What Go says first when it ends; a list of what each goroutine was doing follows. */
const LAST_WORDS = /^(?:fatal error|panic|runtime: .*(?:memory|stack)).*/;
const MAX_LINE_CHARS = 500;

export interface GoProgram {
  readonly module: WebAssembly.Module;
  readonly goScript: string;
}

/**
 * Runs a program until it waits for its first event.
 * @param bridge the object that Go finds as `bridge` in its global scope
 * @param onDeath called once, never from inside of a call of the program's own: with what was thrown, if anything, and
 *   the line in which Go says why
 */
export async function startGo(
  { module, goScript }: GoProgram,
  bridge: object,
  onDeath: (cause: unknown, lastWords: string) => void,
): Promise<void> {
  let isDead = false;
  let line = '';
  let lastWords = '';
  // Go's runtime writes a line in pieces.
  const write = (text: string) => {
    const [end = '', ...others] = text.split('\n');
    const lines = [line + end, ...others];
    line = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
    lastWords ||= lines.find((one) => LAST_WORDS.test(one))?.slice(0, MAX_LINE_CHARS) ?? '';
  };
  const go = loadGo(goScript, bridge, write);
  const resume = go._resume.bind(go);
  const die = (cause: unknown) => {
    if (isDead) return;
    isDead = true;
    // A timer would go on for ever to wake up what is gone.
    for (const timer of go._scheduledTimeouts.values()) clearTimeout(timer as NodeJS.Timeout);
    go._scheduledTimeouts.clear();
    queueMicrotask(() => onDeath(cause, lastWords));
  };
  go.exit = (code) => die(new Error(`Go ended with ${code}`));
  go._resume = () => {
    if (isDead) return;
    try {
      resume();
    } catch (error) {
      die(error);
    }
  };
  const instance = await WebAssembly.instantiate(module, go.importObject);
  go.run(instance).catch(die);
}

/** wasm_exec.js sees, of what there is in this thread, what it names: the rest of its `globalThis` is ours. */
function loadGo(script: string, bridge: object, write: (text: string) => void): Go {
  const decoder = new TextDecoder();
  const world: Record<string, unknown> = {
    ...{ Array, Date, Error, Object, Uint8Array, TextDecoder, TextEncoder, crypto, performance },
    // Go's own stand-in, without even a clue about this process.
    process: undefined,
    bridge,
  };
  const print = (...words: unknown[]) => write(`${words.join(' ')}\n`);
  const locals = {
    globalThis: world,
    fs: { writeSync: (_: number, bytes: Uint8Array) => write(decoder.decode(bytes)) },
    console: { log: print, warn: print, error: print },
    // Go's housekeeping keeps no process alive.
    setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms).unref(),
  };
  compileFunction(script, Object.keys(locals), { filename: 'wasm_exec.js' })(...Object.values(locals));
  return new (world.Go as new () => Go)();
}
