// The real cosign: signs and attests for the tests, and says what it thinks of an image (its exit code only:
// its words claim a transparency log even when told to ignore it).
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Layout, Part } from './proofs.ts';
import type { SigningServices } from './signing-services.ts';
import type { Tool } from './tools.ts';
import type { SigstoreFiles } from './trust-files.ts';

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

/** Who signs. With `services` the signature is logged there, and an identity gets its certificate there. */
export type SignAs =
  | { readonly type: 'key'; readonly key: KeyPair; readonly services?: SigningServices }
  | { readonly type: 'identity'; readonly services: SigningServices };

/** Whom to trust. `logged`: only what the transparency log has seen. */
export type Trust =
  | { readonly type: 'key'; readonly publicKey: string; readonly logged: boolean }
  | { readonly type: 'identity'; readonly subject: string; readonly issuer: string };

/** One version of cosign, at work in a folder of its own, without network beyond the registry. */
export class Cosign {
  readonly name: string;
  readonly major: 2 | 3;
  readonly #program: string;
  readonly #folder: string;
  readonly #files: SigstoreFiles;
  readonly #environment: Readonly<Record<string, string>>;

  /** `environment` is added to cosign's, which else knows only its private home and the Sigstore of `files`. */
  constructor(
    tool: Tool,
    folder: string,
    files: SigstoreFiles,
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.name = tool.name;
    this.major = tool.name === 'cosign-2' ? 2 : 3;
    this.#program = tool.path;
    this.#folder = folder;
    this.#files = files;
    const own = { HOME: folder, PATH: '/usr/bin:/bin', COSIGN_PASSWORD: '' };
    this.#environment = { ...own, ...files.environment, ...environment };
    mkdirSync(folder, { recursive: true });
  }

  async generateKeyPair(name: string): Promise<KeyPair> {
    const prefix = join(this.#folder, name);
    await this.#run('generate-key-pair', '--output-key-prefix', prefix);
    return { privateKey: `${prefix}.key`, publicKey: `${prefix}.pub` };
  }

  /** Whether this version can write that part in that layout: 2.5 has no image signatures as bundles, 3.x may drop `legacy`. */
  async canWrite(layout: Layout, part: Part): Promise<boolean> {
    if (this.major === 3 && layout === 'bundle') return true;
    const command = part === 'signature' ? 'sign' : 'attest';
    return this.#succeeds(command, ...oldFlags(this.major, layout, undefined), '--help');
  }

  async sign(image: string, layout: Layout, signer: SignAs): Promise<void> {
    await this.#run('sign', ...(await this.#signingFlags(layout, signer)), image);
  }

  async attest(image: string, layout: Layout, signer: SignAs, predicate: Predicate): Promise<void> {
    const statement = ['--type', predicate.type, '--predicate', predicate.file];
    await this.#run('attest', ...(await this.#signingFlags(layout, signer)), ...statement, image);
  }

  /** Whether this version can read that part in that layout. */
  canRead(layout: Layout, part: Part): boolean {
    return this.major === 3 || layout === 'legacy' || part === 'attestation';
  }

  /** cosign's own verdict on one part of the image. It never asks the log: only what is stored with the image counts. */
  async accepts(
    image: string,
    layout: Layout,
    part: Part,
    trust: Trust,
    type: Predicate['type'] = 'slsaprovenance1',
  ): Promise<boolean> {
    const flags = [...trustFlags(trust), ...this.#readingFlags(layout)];
    if (part === 'signature') return this.#succeeds('verify', ...flags, image);
    return this.#succeeds('verify-attestation', ...flags, '--type', type, image);
  }

  async #signingFlags(layout: Layout, signer: SignAs): Promise<readonly string[]> {
    const { services } = signer;
    const who =
      signer.type === 'key'
        ? ['--key', signer.key.privateKey]
        : ['--identity-token', this.#tokenFile(signer.services)];
    if (this.major === 2 || layout === 'legacy')
      return ['--yes', ...who, ...oldFlags(this.major, layout, services)];
    const config = ['--signing-config', await this.#signingConfig(services)];
    return ['--yes', ...who, ...config, '--trusted-root', this.#files.trustedRoot];
  }

  /** A file, because cosign 3 takes the token itself for a file's name. */
  #tokenFile(services: SigningServices): string {
    const file = join(this.#folder, `token-${new URL(services.url).port}`);
    writeFileSync(file, services.token);
    return file;
  }

  /** What cosign 3 reads in place of flags: which services it is to use; none, for a key without log. */
  async #signingConfig(services: SigningServices | undefined): Promise<string> {
    const file = join(
      this.#folder,
      `signing-config-${services === undefined ? 'none' : new URL(services.url).port}.json`,
    );
    if (existsSync(file)) return file;
    const at = `url=${services?.url},api-version=1,start-time=2020-01-01T00:00:00Z,operator=interop`;
    const flags = services === undefined ? [] : ['--fulcio', at, '--rekor', at, '--rekor-config', 'ANY'];
    await this.#run('signing-config', 'create', ...flags, '--out', file);
    return file;
  }

  /** Without a trusted root, 3.x (always) and 2.5 (for bundles) ask the public instance for one. */
  #readingFlags(layout: Layout): readonly string[] {
    const trustedRoot = ['--trusted-root', this.#files.trustedRoot];
    if (this.major === 3) return trustedRoot;
    return layout === 'bundle' ? ['--new-bundle-format', ...trustedRoot] : ['--offline'];
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

/** Flags of before signing configs. */
function oldFlags(major: 2 | 3, layout: Layout, services: SigningServices | undefined): readonly string[] {
  const format = major === 3 ? ['--new-bundle-format=false', '--use-signing-config=false'] : [];
  const bundle = major === 2 && layout === 'bundle' ? ['--new-bundle-format'] : [];
  const log =
    services === undefined
      ? ['--tlog-upload=false']
      : ['--fulcio-url', services.url, '--rekor-url', services.url];
  return [...format, ...bundle, ...log];
}

function trustFlags(trust: Trust): readonly string[] {
  if (trust.type === 'key') {
    return ['--key', trust.publicKey, ...(trust.logged ? [] : ['--insecure-ignore-tlog'])];
  }
  return ['--certificate-identity', trust.subject, '--certificate-oidc-issuer', trust.issuer];
}
