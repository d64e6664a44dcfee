import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toPlaceOptions, toRunEnvironment } from '../../src/task/task-places.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

let temp: TempDirectory;
beforeEach(() => {
  temp = tempDirectory();
});
afterEach(() => temp.remove());

function folder(name: string): string {
  const path = join(temp.path, name);
  mkdirSync(path);
  return path;
}

describe('places', () => {
  it('are the workspaces that are bound', () => {
    const environment = { HOME: '/home', WORKSPACE_CACHE: '/w/cache', WORKSPACE_REPORTS: '/w/reports' };
    expect(toPlaceOptions(environment, '/results/TEST_OUTPUT')).toEqual({
      'cache-dir': '/w/cache',
      report: '/w/reports/report.json',
      output: ['text=/w/reports/report.txt', 'appstudio=/results/TEST_OUTPUT'],
    });
  });

  it('are the home folder and nowhere without workspaces: proofs are not kept where they end with the pod', () => {
    expect(toPlaceOptions({ HOME: '/home', WORKSPACE_CACHE: '', WORKSPACE_REPORTS: '' }, '/r')).toEqual({
      cache: 'false',
      report: '/home/report.json',
      output: ['text=/home/report.txt', 'appstudio=/r'],
    });
  });

  it('have to be somewhere', () => {
    expect(() => toPlaceOptions({ HOME: '' }, '/r')).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  });
});

describe('accounts', () => {
  it("are docker's file before a secret's", () => {
    const path = folder('accounts');
    temp.write('accounts/.dockerconfigjson', '{}');
    expect(toRunEnvironment({ WORKSPACE_DOCKERCONFIG: path }, '')).toMatchObject({
      REGISTRY_AUTH_FILE: join(path, '.dockerconfigjson'),
    });
    temp.write('accounts/config.json', '{}');
    const environment = toRunEnvironment({ WORKSPACE_DOCKERCONFIG: path }, '');
    expect(environment).toMatchObject({ DOCKER_CONFIG: path });
    expect(environment).not.toHaveProperty('REGISTRY_AUTH_FILE');
  });

  it('that are promised and not there are bad input', () => {
    const environment = { WORKSPACE_DOCKERCONFIG: folder('empty') };
    expect(() => toRunEnvironment(environment, '')).toThrow(
      expect.objectContaining({ code: 'BAD_CREDENTIALS_FILE' }),
    );
  });

  it('of the environment stay without the workspace', () => {
    expect(toRunEnvironment({ DOCKER_CONFIG: '/d', WORKSPACE_DOCKERCONFIG: '' }, '')).toMatchObject({
      DOCKER_CONFIG: '/d',
    });
  });
});

describe('authorities', () => {
  it("leave out what Tekton's operator names and the image does not have, and keep what the user names", () => {
    const [ambient, own] = [folder('ambient'), folder('own')];
    const environment = { SSL_CERT_DIR: `/no/such:${ambient}:`, CA_TRUST_FOLDER: own };
    expect(toRunEnvironment(environment, '/also/not/there')).toMatchObject({
      SSL_CERT_DIR: `${ambient}:${own}:/also/not/there`,
    });
    expect(toRunEnvironment({ CA_TRUST_FOLDER: '/no/such' }, '')).toMatchObject({ SSL_CERT_DIR: '' });
  });
});
