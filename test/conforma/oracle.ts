// Asks the native OPA in oracle/: Go compiles it when it is needed first.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PolicyModule, RuleReference } from '../../src/policy/engine.ts';
import type { Answer } from './recording-engine.ts';

const execute = promisify(execFile);
const MAX_OUTPUT_BYTES = 512 * 1024 * 1024;

export interface OracleQuestion {
  readonly modules: readonly PolicyModule[];
  /** JSON text, as are the inputs. */
  readonly data: string;
  readonly rules: readonly RuleReference[];
  readonly cases: readonly { readonly input: string; readonly answers: readonly Answer[] }[];
}

export class Oracle {
  readonly #folder: string;
  #program: Promise<string> | undefined;

  /** `folder` takes the program and its questions. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The values of all rules, for each case; null is undefined. */
  async ask({ modules, data, rules, cases }: OracleQuestion): Promise<unknown[][]> {
    this.#program ??= this.#build();
    const program = await this.#program;
    const asked = cases.map(
      ({ input, answers }) => `{"input":${input},"answers":${JSON.stringify(answers)}}`,
    );
    const texts = `"modules":${JSON.stringify(modules)},"data":${data},"rules":${JSON.stringify(rules)}`;
    const file = join(this.#folder, 'question.json');
    writeFileSync(file, `{${texts},"cases":[${asked.join(',')}]}`);
    const { stdout } = await execute(program, [file], { maxBuffer: MAX_OUTPUT_BYTES });
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  async #build(): Promise<string> {
    const program = join(this.#folder, 'oracle');
    const source = join(import.meta.dirname, 'oracle');
    await execute('go', ['build', '-trimpath', '-o', program, '.'], { cwd: source });
    return program;
  }
}
