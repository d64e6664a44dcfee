// Folders that the Tekton task mounts, and what of the environment follows from them.
import { existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ProofgateError } from '../base/errors.ts';
import type { RawOptions } from '../options/option-reader.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Of `dockerconfig`: docker's own name, and that of a Kubernetes secret of type `kubernetes.io/dockerconfigjson`. */
const DOCKER_FILE = 'config.json';
const SECRET_FILE = '.dockerconfigjson';

export const REPORT_FILES = { json: 'report.json', text: 'report.txt' } as const;

/**
 * Where proofs are kept and reports are written: in the workspaces, if they are bound; otherwise nowhere, and in the
 * home that the steps of one run share.
 * @throws ProofgateError `BAD_OPTION`
 */
export function toPlaceOptions(environment: Environment, testOutput: string): RawOptions {
  const { WORKSPACE_CACHE: cache = '', WORKSPACE_REPORTS: reports = '', HOME: home = '' } = environment;
  const folder = reports || home;
  if (folder === '') {
    throw new ProofgateError('BAD_OPTION', 'there is no place for the reports', {
      hint: 'Bind the workspace reports, or set HOMEDIR.',
    });
  }
  return {
    ...(cache === '' ? { cache: 'false' } : { 'cache-dir': cache }),
    report: join(folder, REPORT_FILES.json),
    output: [`text=${join(folder, REPORT_FILES.text)}`, `appstudio=${testOutput}`],
  };
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
