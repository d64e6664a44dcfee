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

export class Containers {
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#environment = { ...process.env, CONTAINERS_CONF: join(folder, 'containers.conf') };
  }

  /** Close it: it holds mounts. */
  static open(): Containers {
    const folder = mkdtempSync(join(tmpdir(), 'proofgate-containers-'));
    writeFileSync(join(folder, 'containers.conf'), SETTINGS);
    mkdirSync(join(folder, 'tmp'));
    return new Containers(folder);
  }

  /** Builds an image and returns its digest. Nothing is pulled. */
  async build(context: string, file: string, name: string, more: readonly string[] = []): Promise<string> {
    const args = [
      'bud',
      '--no-cache',
      '--pull-never',
      '--isolation',
      'chroot',
      '--file',
      file,
      '--tag',
      name,
      ...more,
      context,
    ];
    await this.#buildah(args);
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

  /** What the image says of itself: labels, user, entry point. */
  async inspect(name: string): Promise<ImageConfig> {
    const { stdout } = await this.#podman(['image', 'inspect', name]);
    const [{ Config: config }] = JSON.parse(stdout);
    return config;
  }

  /** Paths of every file in the image. */
  async files(name: string): Promise<string[]> {
    const { stdout: container } = await this.#podman(['create', '--network', 'none', name]);
    const id = container.trim();
    try {
      const tar = join(this.#folder, `${id}.tar`);
      await this.#podman(['export', '--output', tar, id]);
      const { stdout } = await execute('tar', ['--list', '--file', tar], { maxBuffer: MAX_OUTPUT_BYTES });
      rmSync(tar);
      return stdout.trim().split('\n');
    } finally {
      await this.#podman(['rm', '--force', id]);
    }
  }

  /** Runs a container on the host's network to its end. */
  run(name: string, args: readonly string[]): Promise<Finished> {
    const command = [...this.#globals(), 'run', '--rm', '--name', name, '--network', 'host', ...args];
    return new Promise((resolve, reject) => {
      const child = spawn('podman', command, { env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      const take = (chunk: Buffer) => {
        output += chunk.toString('utf8');
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.on('error', reject);
      child.on('close', (code) => resolve({ exitCode: code ?? -1, output }));
    });
  }

  async signal(name: string, signal: NodeJS.Signals): Promise<void> {
    await this.#podman(['kill', '--signal', signal, name]);
  }

  /** Lets the task's user write in a folder of this machine, as a volume's `fsGroup` does. */
  async giveAway(folder: string): Promise<void> {
    await execute('chown', ['--recursive', `${TASK_USER}:${TASK_USER}`, folder]);
  }

  async close(): Promise<void> {
    await this.#podman(['system', 'reset', '--force']).catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #globals(): string[] {
    const folder = (name: string) => join(this.#folder, name);
    return ['--root', folder('storage'), '--runroot', folder('run'), '--tmpdir', folder('tmp')];
  }

  #podman(args: readonly string[]) {
    return execute('podman', [...this.#globals(), ...args], this.#executing());
  }

  #buildah(args: readonly string[]) {
    const [root, storage = '', runRoot, run = ''] = this.#globals();
    return execute('buildah', [root ?? '', storage, runRoot ?? '', run, ...args], this.#executing());
  }

  #executing() {
    return { env: this.#environment, maxBuffer: MAX_OUTPUT_BYTES, encoding: 'utf8' } as const;
  }
}

export interface ImageConfig {
  readonly User: string;
  readonly Entrypoint: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
}
