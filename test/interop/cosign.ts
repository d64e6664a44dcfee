// The real cosign: signs and attests for the tests, and says what it thinks of an image (its exit code only:
// its words claim a transparency log even when told to ignore it).
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Layout, Part } from './proofs.ts';
import type { Tool } from './tools.ts';

const run = promisify(execFile);

/** Files of one key pair. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

export interface Predicate {
  /** cosign's name of the predicate's type. */
  readonly type: 'slsaprovenance1' | 'slsaprovenance';
  readonly file: string;
}

/** One version of cosign, at work in a folder of its own, without network beyond the registry. */
export class Cosign {
  readonly name: string;
  readonly major: 2 | 3;
  readonly #program: string;
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;

  /** `environment` is added to cosign's, which else knows only its private home. */
  constructor(tool: Tool, folder: string, environment: Readonly<Record<string, string>> = {}) {
    this.name = tool.name;
    this.major = tool.name === 'cosign-2' ? 2 : 3;
    this.#program = tool.path;
    this.#folder = folder;
    this.#environment = { HOME: folder, PATH: '/usr/bin:/bin', COSIGN_PASSWORD: '', ...environment };
    mkdirSync(folder, { recursive: true });
  }

  /** Makes the files that keep cosign off the public instance: a trusted root and, for 3.x, a signing config, both empty. */
  async prepare(): Promise<void> {
    await this.#run('trusted-root', 'create', '--out', this.#trustedRoot);
    if (this.major === 3) await this.#run('signing-config', 'create', '--out', this.#signingConfig);
  }

  async generateKeyPair(name: string): Promise<KeyPair> {
    const prefix = join(this.#folder, name);
    await this.#run('generate-key-pair', '--output-key-prefix', prefix);
    return { privateKey: `${prefix}.key`, publicKey: `${prefix}.pub` };
  }

  /** Whether this version can write that part in that layout: 2.5 has no image signatures as bundles, 3.x may drop `legacy`. */
  async canWrite(layout: Layout, part: Part): Promise<boolean> {
    const command = part === 'signature' ? 'sign' : 'attest';
    return this.#succeeds(command, ...this.#layoutFlags(layout), '--help');
  }

  async sign(image: string, layout: Layout, key: KeyPair): Promise<void> {
    await this.#run('sign', ...this.#signingFlags(layout, key), image);
  }

  async attest(image: string, layout: Layout, key: KeyPair, predicate: Predicate): Promise<void> {
    const statement = ['--type', predicate.type, '--predicate', predicate.file];
    await this.#run('attest', ...this.#signingFlags(layout, key), ...statement, image);
  }

  /** Whether this version can read that part in that layout. */
  canRead(layout: Layout, part: Part): boolean {
    return this.major === 3 || layout === 'legacy' || part === 'attestation';
  }

  /** cosign's own verdict on one part of the image. */
  async accepts(
    image: string,
    layout: Layout,
    part: Part,
    publicKey: string,
    type?: Predicate['type'],
  ): Promise<boolean> {
    const flags = ['--key', publicKey, '--insecure-ignore-tlog', ...this.#readingFlags(layout)];
    if (part === 'signature') return this.#succeeds('verify', ...flags, image);
    return this.#succeeds('verify-attestation', ...flags, '--type', type ?? 'slsaprovenance1', image);
  }

  get #trustedRoot(): string {
    return join(this.#folder, 'trusted-root.json');
  }

  get #signingConfig(): string {
    return join(this.#folder, 'signing-config.json');
  }

  #signingFlags(layout: Layout, key: KeyPair): readonly string[] {
    return ['--yes', '--key', key.privateKey, ...this.#layoutFlags(layout)];
  }

  #layoutFlags(layout: Layout): readonly string[] {
    if (this.major === 2)
      return ['--tlog-upload=false', ...(layout === 'bundle' ? ['--new-bundle-format'] : [])];
    if (layout === 'bundle') {
      return ['--signing-config', this.#signingConfig, '--trusted-root', this.#trustedRoot];
    }
    return ['--new-bundle-format=false', '--use-signing-config=false', '--tlog-upload=false'];
  }

  /** Without a trusted root, 3.x (always) and 2.5 (for bundles) ask the public instance for one. */
  #readingFlags(layout: Layout): readonly string[] {
    if (this.major === 3) return ['--trusted-root', this.#trustedRoot];
    return layout === 'bundle' ? ['--new-bundle-format', '--trusted-root', this.#trustedRoot] : [];
  }

  async #run(...args: readonly string[]): Promise<void> {
    await run(this.#program, args, { cwd: this.#folder, env: { ...this.#environment } });
  }

  async #succeeds(...args: readonly string[]): Promise<boolean> {
    try {
      await this.#run(...args);
      return true;
    } catch (thrown) {
      // A number is an exit code; anything else (no such program, a signal) is no verdict.
      if (typeof (thrown as { code?: unknown }).code === 'number') return false;
      throw thrown;
    }
  }
}
