import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeOldReports, toPlaceOptions, toRunEnvironment } from '../../src/task/task-places.ts';
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
    expect(toPlaceOptions(environment, { testOutput: '/results/TEST_OUTPUT', shard: '' })).toEqual({
      'cache-dir': '/w/cache',
      report: '/w/reports/report.json',
      output: ['text=/w/reports/report.txt', 'appstudio=/results/TEST_OUTPUT'],
    });
  });

  it('are the home folder and nowhere without workspaces: proofs are not kept where they end with the pod', () => {
    const environment = { HOME: '/home', WORKSPACE_CACHE: '', WORKSPACE_REPORTS: '' };
    expect(toPlaceOptions(environment, { testOutput: '/r', shard: '' })).toEqual({
      cache: 'false',
      report: '/home/report.json',
      output: ['text=/home/report.txt', 'appstudio=/r'],
    });
  });

  it.each([
    ['2/5', '/home/report-2-of-5.json'],
    // Refused as an option, and no way out of the folder until then.
    ['../../etc/5', '/home/report.json'],
  ])('are apart for the shard %s', (shard, report) => {
    expect(toPlaceOptions({ HOME: '/home' }, { testOutput: '/r', shard })).toMatchObject({ report });
  });

  it('are cleared of the reports of an earlier run', () => {
    for (const name of ['report.json', 'report.txt', 'report-1-of-2.json']) temp.write(name, 'old');
    removeOldReports(toPlaceOptions({ HOME: temp.path }, { testOutput: '/r', shard: '' }));
    expect(readdirSync(temp.path)).toEqual(['report-1-of-2.json']);
    removeOldReports({});
  });

  it('have to be somewhere', () => {
    expect(() => toPlaceOptions({ HOME: '' }, { testOutput: '/r', shard: '' })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    );
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
