// The protocol of docker's credential helpers: `docker-credential-<name> get`, the server on standard input.
import { type ChildProcess, spawn } from 'node:child_process';
import { z } from 'zod';
import { ProofgateError } from '../base/errors.ts';
import type { Credential } from './credential-file.ts';
import type { RegistryLimits } from './limits.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Keys to GitHub's cache and identity service. A helper finds credentials for registries, and needs neither. */
const WITHHELD = ['ACTIONS_RUNTIME_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
const NOT_FOUND = /credentials not found/i;
/** User name by which a helper says that the secret is a refresh token. */
const TOKEN_USER = '<token>';

const answerSchema = z.object({ Username: z.string(), Secret: z.string() });

/**
 * Undefined when the helper has no credentials for `server`.
 * @param name checked by credential-file.ts
 * @throws ProofgateError `CREDENTIAL_HELPER_FAILED`, without anything that the helper wrote
 */
export async function fetchFromHelper(
  name: string,
  server: string,
  environment: Environment,
  limits: RegistryLimits,
): Promise<Credential | undefined> {
  const { output, exitCode } = await runHelper(name, server, environment, limits);
  if (exitCode !== 0) {
    if (NOT_FOUND.test(output)) return undefined;
    throw failed(name, server, `it ended with ${exitCode === null ? 'a signal' : `exit code ${exitCode}`}`);
  }
  const answer = answerSchema.safeParse(parseJson(output));
  if (!answer.success) throw failed(name, server, 'its answer is not what a credential helper answers');
  const { Username: username, Secret: secret } = answer.data;
  if (username === '' && secret === '') return undefined;
  return username === TOKEN_USER
    ? { type: 'identity-token', token: secret }
    : { type: 'basic', username, password: secret };
}

interface HelperRun {
  readonly output: string;
  readonly exitCode: number | null;
}

function runHelper(
  name: string,
  server: string,
  environment: Environment,
  limits: RegistryLimits,
): Promise<HelperRun> {
  return new Promise((resolve, reject) => {
    const env = Object.fromEntries(Object.entries(environment).filter(([key]) => !WITHHELD.includes(key)));
    const child = spawn(`docker-credential-${name}`, ['get'], {
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
      shell: false,
    });
    const chunks: Buffer[] = [];
    let length = 0;
    const giveUp = (why: string, cause?: unknown) => {
      clearTimeout(deadline);
      end(child);
      reject(failed(name, server, why, cause));
    };
    const deadline = setTimeout(
      () => giveUp(`it did not answer within ${limits.credentialHelperMs} ms`),
      limits.credentialHelperMs,
    );
    child.on('error', (cause) => giveUp('it could not be started', cause));
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limits.credentialHelperBytes) return giveUp('its answer is too long');
      chunks.push(chunk);
    });
    child.on('close', (exitCode) => {
      clearTimeout(deadline);
      resolve({ output: Buffer.concat(chunks).toString('utf8'), exitCode });
    });
    // A helper may end without having read its input.
    child.stdin.on('error', () => {});
    child.stdin.end(`${server}\n`);
  });
}

/** Lets go of its pipes too: a grandchild may hold them open. */
function end(child: ChildProcess): void {
  child.kill('SIGKILL');
  child.stdout?.destroy();
  child.stdin?.destroy();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failed(name: string, server: string, why: string, cause?: unknown): ProofgateError {
  return new ProofgateError('CREDENTIAL_HELPER_FAILED', `docker-credential-${name} for ${server}: ${why}`, {
    cause,
    hint: `Run "docker-credential-${name} get" with ${server} on its standard input and see what it says.`,
  });
}
