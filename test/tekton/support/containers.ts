// Containers without a daemon: podman and buildah with a storage of their own, in a folder that goes away.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** The user of the image, and of every step. */
export const TASK_USER = 65532;

// Without these a machine that may not raise limits, or that has both kinds of cgroups, starts no container.
const SETTINGS = `[containers]
default_ulimits = ["nofile=8192:8192", "nproc=8192:8192"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

export interface Finished {
  readonly exitCode: number;
  /** Both streams, as they came. */
  readonly output: string;
}

/** What an image says of itself. */
export interface ImageConfig {
  readonly User: string;
  readonly Entrypoint: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
}

/** A file of an image, as `tar --list --verbose` shows it. */
export interface ImageFile {
  /** Without the leading slash; a folder's ends in one. */
  readonly path: string;
  /** Such as `-rwxr-xr-x`. */
  readonly mode: string;
}

export class Containers {
  /** Of its storage. */
  readonly folder: string;
  readonly #environment: NodeJS.ProcessEnv;

  /** @param folder of other containers, to share their images */
  constructor(folder: string) {
    this.folder = folder;
    this.#environment = { ...process.env, CONTAINERS_CONF: join(folder, 'containers.conf') };
  }

  /** Close it: it holds mounts. */
  static open(): Containers {
    const folder = mkdtempSync(join(tmpdir(), 'proofgate-containers-'));
    writeFileSync(join(folder, 'containers.conf'), SETTINGS);
    mkdirSync(join(folder, 'tmp'));
    return new Containers(folder);
  }

  /** Builds an image from the Containerfile in `context` and returns its digest. Nothing is pulled. */
  async build(context: string, name: string, more: readonly string[] = []): Promise<string> {
    const settings = ['--no-cache', '--pull-never', '--isolation', 'chroot', '--tag', name, ...more];
    await this.#buildah(['build', ...settings, context]);
    const { stdout } = await this.#buildah([
      'inspect',
      '--type',
      'image',
      '--format',
      '{{.FromImageDigest}}',
      name,
    ]);
    return stdout.trim();
  }

  async inspect(name: string): Promise<ImageConfig> {
    const { stdout } = await this.#podman(['image', 'inspect', name]);
    const [{ Config: config }] = JSON.parse(stdout);
    return config;
  }

  /** Every file in the image. */
  async files(name: string): Promise<ImageFile[]> {
    const archive = await this.#export(name);
    const { stdout } = await execute('tar', ['--list', '--verbose', '--file', archive], {
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    rmSync(archive);
    return stdout
      .trim()
      .split('\n')
      .map((line) => {
        const [mode = '', , , , , path = ''] = line.split(/\s+/);
        return { mode, path };
      });
  }

  /** The content of one file in the image. */
  async read(name: string, path: string): Promise<string> {
    const archive = await this.#export(name);
    const { stdout } = await execute('tar', ['--extract', '--to-stdout', '--file', archive, path], {
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    rmSync(archive);
    return stdout;
  }

  /** Runs a container on the host's network to its end. */
  run(name: string, args: readonly string[]): Promise<Finished> {
    const command = [...this.#globals(), 'run', '--rm', '--name', name, '--network', 'host', ...args];
    return new Promise((resolve, reject) => {
      const child = spawn('podman', command, { env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      child.on('error', reject);
      child.on('close', (code) => resolve({ exitCode: code ?? -1, output }));
    });
  }

  async signal(name: string, signal: NodeJS.Signals): Promise<void> {
    await this.#podman(['kill', '--signal', signal, name]);
  }

  async close(): Promise<void> {
    await this.#podman(['rm', '--all', '--force']);
    await this.#podman(['rmi', '--all', '--force']);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #export(name: string): Promise<string> {
    const { stdout } = await this.#podman(['create', '--network', 'none', name]);
    const container = stdout.trim();
    try {
      const archive = join(this.folder, `${container}.tar`);
      await this.#podman(['export', '--output', archive, container]);
      return archive;
    } finally {
      await this.#podman(['rm', '--force', container]);
    }
  }

  #globals(): string[] {
    const folder = (name: string) => join(this.folder, name);
    return ['--root', folder('storage'), '--runroot', folder('run'), '--tmpdir', folder('tmp')];
  }

  #podman(args: readonly string[]) {
    return execute('podman', [...this.#globals(), ...args], this.#executing());
  }

  /** It knows no `--tmpdir`. */
  #buildah(args: readonly string[]) {
    return execute('buildah', [...this.#globals().slice(0, 4), ...args], this.#executing());
  }

  #executing() {
    return { env: this.#environment, maxBuffer: MAX_OUTPUT_BYTES, encoding: 'utf8' } as const;
  }
}

/** Lets the task's user write in a folder of this machine, as a volume's `fsGroup` does. */
export async function giveAway(folder: string): Promise<void> {
  await execute('chown', ['--recursive', `${TASK_USER}:${TASK_USER}`, folder]);
}
