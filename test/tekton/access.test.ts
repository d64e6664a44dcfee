// Accounts and authorities that the Task mounts, against the real docker-registry behind TLS and a password.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../support/tls.ts';
import { giveAway } from './support/containers.ts';
import { openScene, type RunRequest, type Scene, snapshotOf } from './support/scene.ts';

const PASSWORD = 'correct horse';

let scene: Scene;
let host: string;
let image: string;
let certificate: string;
let accounts: string;

beforeAll(async () => {
  scene = await openScene();
  const tls = await selfSignedCertificate();
  const registry = await scene.openProtected({
    certificate: scene.temp.write('tls.pem', tls.cert),
    key: scene.temp.write('tls.key', tls.key),
    htpasswd: scene.temp.write('htpasswd', `release:${bcrypt(PASSWORD)}\n`),
  });
  host = registry.host;
  certificate = tls.cert;
  image = (await scene.push('shop/cart')).replace(scene.registry.host, host);
  const auth = Buffer.from(`release:${PASSWORD}`).toString('base64');
  accounts = JSON.stringify({ auths: { [host]: { auth } } });
});
afterAll(() => scene?.close());

/** docker-registry takes bcrypt alone, which the C library knows; perl is in every Debian. */
function bcrypt(password: string): string {
  const script = 'print crypt($ARGV[0], q($2y$05$abcdefghijklmnopqrstuu))';
  return execFileSync('perl', ['-e', script, password], { encoding: 'utf8' });
}

async function dockerconfig(name: string, file: string): Promise<RunRequest> {
  const folder = await scene.openFolder(name);
  scene.temp.write(join(name, file), accounts);
  await giveAway(folder);
  return {
    params: { IMAGES: snapshotOf([image]) },
    workspaces: { ...scene.workspaces, dockerconfig: { folder } },
    configMaps: { 'trusted-ca': { 'ca-bundle.crt': certificate } },
  };
}

const reasonsOf = (outcome: Awaited<ReturnType<Scene['run']>>) =>
  outcome.report?.components[0]?.undetermined?.map(({ metadata }) => metadata.reason);

describe('the workspace dockerconfig', () => {
  it.each([
    ['as docker has it', 'docker', 'config.json'],
    ['as a secret has it', 'secret', '.dockerconfigjson'],
  ])('gives the account, %s', async (_, name, file) => {
    const outcome = await scene.run(await dockerconfig(name, file));
    expect(outcome, outcome.log).toMatchObject({ codes: [0, 0], report: { result: 'verified' } });
    expect(`${outcome.log}${JSON.stringify(outcome.home)}`).not.toContain(PASSWORD);
  });

  it('is bad input when it holds no account', async () => {
    const outcome = await scene.run(await dockerconfig('empty', 'accounts.json'));
    expect(outcome, outcome.log).toMatchObject({ codes: [2, 2] });
    expect(outcome.testOutput.note).toContain('dockerconfig');
  });

  it('may be missing: then nobody is let in, and the image is undetermined', async () => {
    const { workspaces: _, ...request } = await dockerconfig('unused', 'config.json');
    const outcome = await scene.run(request);
    expect(outcome, outcome.log).toMatchObject({ codes: [3, 3] });
    expect(reasonsOf(outcome)).toEqual(['UNAUTHORIZED']);
  });
});

describe('authorities', () => {
  it('come from any ConfigMap and key', async () => {
    const request = await dockerconfig('other-map', 'config.json');
    const params = { ...request.params, CA_TRUST_CONFIGMAP_NAME: 'ours', CA_TRUST_CONFIG_MAP_KEY: 'ca.pem' };
    const outcome = await scene.run({ ...request, params, configMaps: { ours: { 'ca.pem': certificate } } });
    expect(outcome, outcome.log).toMatchObject({ codes: [0, 0] });
  });

  it('come from the folders of SSL_CERT_DIR', async () => {
    const { configMaps: _, ...request } = await dockerconfig('folder', 'config.json');
    const folder = await scene.openFolder('authorities');
    scene.temp.write('authorities/ours.pem', certificate);
    scene.temp.write(
      'authorities/trusted_root.json',
      readFileSync(join(scene.temp.path, 'data/trusted_root.json'), 'utf8'),
    );
    const params = { ...request.params, SSL_CERT_DIR: '/tmp:/workspace/data' };
    const outcome = await scene.run({
      ...request,
      params,
      workspaces: { ...request.workspaces, data: { folder } },
    });
    expect(outcome, outcome.log).toMatchObject({ codes: [0, 0] });
  });

  it('that the user names and that are not there are bad input', async () => {
    const request = await dockerconfig('nowhere', 'config.json');
    const params = { ...request.params, SSL_CERT_DIR: '/no/such/folder' };
    const outcome = await scene.run({ ...request, params });
    expect(outcome, outcome.log).toMatchObject({ codes: [2, 2] });
    expect(outcome.testOutput.note).toContain('/no/such/folder');
  });

  it('are needed: without them the registry is not believed, and the image is undetermined', async () => {
    const { configMaps: _, ...request } = await dockerconfig('untrusted', 'config.json');
    const outcome = await scene.run(request);
    expect(outcome, outcome.log).toMatchObject({ codes: [3, 3] });
    expect(reasonsOf(outcome)).toEqual(['NETWORK']);
  });
});
