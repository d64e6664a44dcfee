// A real registry behind TLS, with a certificate of a private authority, and a password.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../support/tls.ts';
import { trustFlags, verify } from './command.ts';
import { type Image, pushImage, toReference } from './content.ts';
import { Cosign, type Trust } from './cosign.ts';
import { type RealRegistry, startRealRegistry } from './registry.ts';
import { COSIGN_TOOLS, openScene, requireTool, type Scene } from './scene.ts';

const PASSWORD = 'correct horse';

let scene: Scene;
let registry: RealRegistry;
/** Variables for one who knows the certificate and the password. */
let access: Readonly<Record<string, string>>;

beforeAll(async () => {
  scene = await openScene();
  const certificate = await selfSignedCertificate();
  const write = (name: string, content: string) => {
    const file = join(scene.folder, name);
    writeFileSync(file, content);
    return file;
  };
  const files = { certificate: write('tls.pem', certificate.cert), key: write('tls.key', certificate.key) };
  // Serves what the open registry of the scene takes: images are pushed there and verified here.
  registry = await startRealRegistry({
    program: requireTool('docker-registry').path,
    folder: scene.folder,
    protection: { ...files, htpasswd: write('htpasswd', `release:${bcrypt(PASSWORD)}\n`) },
  });
  access = { SSL_CERT_FILE: files.certificate, DOCKER_CONFIG: writeDockerConfig('right', PASSWORD) };
});
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

describe.each(COSIGN_TOOLS.map((tool) => ({ tool, name: tool.name })))('signed by $name', ({ tool }) => {
  const layout = tool.name === 'cosign-2' ? 'legacy' : 'bundle';
  let image: Image;
  let reference: string;
  let trust: Trust;

  beforeAll(async () => {
    image = await pushImage(scene.repository);
    reference = toReference({ ...scene.repository, host: registry.host }, image.descriptor.digest);
    trust = { type: 'key', publicKey: scene.trusted.publicKey, logged: false };
    await cosignWith(access).sign(reference, layout, { type: 'key', key: scene.trusted });
  });

  function cosignWith(environment: Readonly<Record<string, string>>): Cosign {
    return new Cosign(tool, join(scene.folder, `${tool.name}-secured`), scene.sigstoreFiles, environment);
  }

  async function judge(environment: Readonly<Record<string, string>>) {
    const args = [reference, '--require', 'signature', ...trustFlags(trust, scene.sigstoreFiles)];
    const { exitCode, report, output } = await verify(args, environment);
    const [component] = report.components;
    const { outcome, undetermined = [] } = component ?? {};
    return { exitCode, outcome, reasons: undetermined.map(({ metadata }) => metadata.reason), output };
  }

  it('verifies with the password and the certificate, as cosign does', async () => {
    expect(await judge(access)).toMatchObject({ exitCode: 0, outcome: 'verified', reasons: [] });
    expect(await cosignWith(access).accepts(reference, layout, 'signature', trust)).toBe(true);
  });

  it('is undetermined, not rejected, with a wrong password, which is not printed', async () => {
    const environment = { ...access, DOCKER_CONFIG: writeDockerConfig('wrong', 'battery staple') };
    const judged = await judge(environment);
    expect(judged).toMatchObject({ exitCode: 3, outcome: 'undetermined', reasons: ['UNAUTHORIZED'] });
    expect(judged.output).not.toContain('battery');
    expect(await cosignWith(environment).accepts(reference, layout, 'signature', trust)).toBe(false);
  });

  it('is undetermined when nobody vouches for the certificate', async () => {
    const { DOCKER_CONFIG } = access;
    const environment = { DOCKER_CONFIG: DOCKER_CONFIG ?? '' };
    expect(await judge(environment)).toMatchObject({
      exitCode: 3,
      outcome: 'undetermined',
      reasons: ['NETWORK'],
    });
    expect(await cosignWith(environment).accepts(reference, layout, 'signature', trust)).toBe(false);
  });
});

function writeDockerConfig(name: string, password: string): string {
  const folder = join(scene.folder, `docker-${name}`);
  mkdirSync(folder, { recursive: true });
  const auth = Buffer.from(`release:${password}`).toString('base64');
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  return folder;
}

/** docker-registry takes bcrypt alone, which the C library knows; perl is in every Debian. */
function bcrypt(password: string): string {
  const script = 'print crypt($ARGV[0], q($2y$05$abcdefghijklmnopqrstuu))';
  return execFileSync('perl', ['-e', script, password], { encoding: 'utf8' });
}
