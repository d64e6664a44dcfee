// Owns the real registry: Debian's docker-registry as a process on a free port of the loopback address.
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface RegistryProtection {
  /** PEM files. */
  readonly certificate: string;
  readonly key: string;
  /** A file in Apache's htpasswd form, bcrypt only. */
  readonly htpasswd: string;
}

export interface RealRegistryOptions {
  /** Path of the docker-registry program. */
  readonly program: string;
  /** Holds its settings and its content; two registries may serve the content of one folder. */
  readonly folder: string;
  readonly protection?: RegistryProtection;
}

/** A running registry; dispose of it to stop it. */
export interface RealRegistry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
}

const LISTENING = /msg="listening on (127\.0\.0\.1:\d+)/;

/** Starts docker-registry and waits until it listens. Throws with its own log when it does not. */
export async function startRealRegistry(options: RealRegistryOptions): Promise<RealRegistry> {
  const settings = join(options.folder, options.protection === undefined ? 'open.json' : 'protected.json');
  writeFileSync(settings, JSON.stringify(toSettings(options)));
  const child = spawn(options.program, ['serve', settings], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { OTEL_TRACES_EXPORTER: 'none' },
  });
  const host = await readHost(child);
  return { host, [Symbol.asyncDispose]: () => stop(child) };
}

/** YAML is a superset of JSON, so its settings are written as JSON. */
function toSettings(options: RealRegistryOptions): object {
  const http = { addr: '127.0.0.1:0', secret: 'loopback only' };
  const settings = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(options.folder, 'content') }, delete: { enabled: true } },
    http,
  };
  if (options.protection === undefined) return settings;
  const { certificate, key, htpasswd } = options.protection;
  return {
    ...settings,
    http: { ...http, tls: { certificate, key } },
    auth: { htpasswd: { realm: 'interop', path: htpasswd } },
  };
}

function readHost(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const log: string[] = [];
    if (child.stderr === null) throw new Error('docker-registry was started without a log');
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      const host = LISTENING.exec(line)?.[1];
      if (host !== undefined) resolve(host);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`docker-registry ended with ${code}:\n${log.join('\n')}`)));
  });
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill();
  });
}
