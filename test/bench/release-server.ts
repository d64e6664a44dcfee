// The registry's process, as its users see it: it serves one release, and says how many requests that took.
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Answers, Question, Release, ReleaseOrder } from './release.ts';

export class ReleaseServer {
  readonly #process: ChildProcess;
  readonly release: Release;

  private constructor(process: ChildProcess, release: Release) {
    this.#process = process;
    this.release = release;
  }

  /** Pushes and signs what is ordered. */
  static async start(order: ReleaseOrder): Promise<ReleaseServer> {
    const server = fork(join(import.meta.dirname, 'release.ts'));
    return new ReleaseServer(server, await ask(server, order));
  }

  /** Since it was last asked. */
  requests(): Promise<Answers['requests']> {
    return ask(this.#process, 'requests');
  }

  /** The release with another image in the place of its first one. */
  change(): Promise<Release> {
    return ask(this.#process, 'change');
  }

  [Symbol.dispose](): void {
    this.#process.disconnect();
  }
}

function ask(server: ChildProcess, message: ReleaseOrder | 'change'): Promise<Release>;
function ask<Asked extends Question>(server: ChildProcess, message: Asked): Promise<Answers[Asked]>;
function ask(server: ChildProcess, message: ReleaseOrder | Question): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => reject(new Error(`the registry's process ended with ${code}`));
    server.once('exit', gone);
    server.once('message', (answer) => {
      server.off('exit', gone);
      resolve(answer);
    });
    server.send(message);
  });
}
