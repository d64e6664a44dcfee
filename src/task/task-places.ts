// Folders that the Tekton task mounts, and what of the environment follows from them.
import { existsSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ProofgateError } from '../base/errors.ts';
import type { RawOptions } from '../options/option-reader.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Of `dockerconfig`: docker's own name, and that of a Kubernetes secret of type `kubernetes.io/dockerconfigjson`. */
const DOCKER_FILE = 'config.json';
const SECRET_FILE = '.dockerconfigjson';

/**
 * Where proofs are kept and reports are written: in the workspaces, if they are bound; otherwise nowhere, and in the
 * home that the steps of one run share.
 * @param shard such as `2/5`: its reports are beside those of the others
 * @throws ProofgateError `BAD_OPTION`
 */
export function toPlaceOptions(
  environment: Environment,
  { testOutput, shard }: { readonly testOutput: string; readonly shard: string },
): RawOptions {
  const { WORKSPACE_CACHE: cache = '' } = environment;
  const report = reportPath(environment, shard);
  return {
    ...(cache === '' ? { cache: 'false' } : { 'cache-dir': cache }),
    report: `${report}.json`,
    output: [`text=${report}.txt`, `appstudio=${testOutput}`],
  };
}

/**
 * Reports of an earlier run in the same place must not be taken for those of this one, should it be killed.
 * @throws ProofgateError `UNWRITABLE_FILE`
 */
export function removeOldReports({ report }: RawOptions): void {
  if (typeof report !== 'string') return;
  try {
    for (const path of [report, report.replace(/json$/, 'txt')]) rmSync(path, { force: true });
  } catch (cause) {
    const message = `cannot remove the report of an earlier run, ${JSON.stringify(report)}`;
    throw new ProofgateError('UNWRITABLE_FILE', message, { cause });
  }
}

/**
 * Parameters name files relative to it.
 * @throws ProofgateError `UNREADABLE_FILE`
 */
export function enterData({ WORKSPACE_DATA: folder = '' }: Environment): void {
  if (folder === '') return;
  try {
    process.chdir(folder);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error';
    throw new ProofgateError(
      'UNREADABLE_FILE',
      `cannot enter the folder ${JSON.stringify(folder)} (${why})`,
      {
        cause,
        hint: 'Let the user of the steps, 65532, read it.',
      },
    );
  }
}

/** Without its ending: `report`, or `report-2-of-5`. */
function reportPath({ WORKSPACE_REPORTS: reports, HOME: home }: Environment, shard: string): string {
  const folder = reports || home;
  if (folder === undefined || folder === '') {
    throw new ProofgateError('BAD_OPTION', 'there is no place for the reports', {
      hint: 'Bind the workspace reports, or set HOMEDIR.',
    });
  }
  const [, index, count] = /^(\d{1,4})\/(\d{1,4})$/.exec(shard) ?? [];
  return join(folder, index === undefined ? 'report' : `report-${index}-of-${count}`);
}

/**
 * The environment with the accounts of `dockerconfig` and the authorities of the task.
 * @param authorities `SSL_CERT_DIR` of the user
 * @throws ProofgateError `BAD_CREDENTIALS_FILE`: the workspace is bound, and has no accounts
 */
export function toRunEnvironment(environment: Environment, authorities: string): Environment {
  return {
    ...environment,
    ...readAccounts(environment.WORKSPACE_DOCKERCONFIG ?? ''),
    SSL_CERT_DIR: [...ambientAuthorities(environment), ...(authorities === '' ? [] : [authorities])].join(
      delimiter,
    ),
  };
}

function readAccounts(folder: string): Environment {
  if (folder === '') return {};
  if (existsSync(join(folder, DOCKER_FILE))) return { DOCKER_CONFIG: folder };
  const secret = join(folder, SECRET_FILE);
  if (existsSync(secret)) return { REGISTRY_AUTH_FILE: secret };
  throw new ProofgateError('BAD_CREDENTIALS_FILE', `there is neither ${DOCKER_FILE} nor ${SECRET_FILE}`, {
    hint: 'Bind a secret of type kubernetes.io/dockerconfigjson, or one with the key config.json.',
  });
}

/**
 * The operator of Tekton gives every step folders of other distributions, which need not be there; and the ConfigMap is
 * optional. Folders that the user names have to be there.
 */
function ambientAuthorities({
  SSL_CERT_DIR: ambient = '',
  CA_TRUST_FOLDER: own = '',
}: Environment): string[] {
  return [...ambient.split(delimiter), own].filter(
    (folder) => folder !== '' && statSync(folder, { throwIfNoEntry: false })?.isDirectory(),
  );
}
