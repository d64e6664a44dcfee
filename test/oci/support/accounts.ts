// Credentials as they lie on disk, for one test.
import { chmodSync } from 'node:fs';
import { tempDirectory } from '../../support/temp.ts';

export interface ConfiguredAccount extends Disposable {
  readonly environment: Record<string, string>;
  readonly directory: string;
}

/** A directory with docker's `config.json`, named by DOCKER_CONFIG. */
export function dockerConfig(config: object | string): ConfiguredAccount {
  const directory = tempDirectory();
  directory.write('config.json', typeof config === 'string' ? config : JSON.stringify(config));
  return {
    environment: { DOCKER_CONFIG: directory.path },
    directory: directory.path,
    [Symbol.dispose]: directory.remove,
  };
}

/** A real executable `docker-credential-test`; `script` is the body of a shell script. */
export function credentialHelper(script: string): ConfiguredAccount {
  const directory = tempDirectory();
  const file = directory.write('docker-credential-test', `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return {
    environment: { PATH: `${directory.path}:/usr/bin:/bin` },
    directory: directory.path,
    [Symbol.dispose]: directory.remove,
  };
}
