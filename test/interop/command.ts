// Runs Proofgate's own command as a process, and reads back the report that it wrote.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDirectory } from '../support/temp.ts';
import type { Trust } from './cosign.ts';
import type { SigstoreFiles } from './trust-files.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');

export interface ReportedFinding {
  readonly msg: string;
  readonly metadata: { readonly code: string; readonly reason: string };
}

/** The part of the JSON report that these suites read. */
export interface ReportedComponent {
  readonly name: string;
  readonly containerImage: string;
  readonly outcome: string;
  readonly violations?: readonly ReportedFinding[];
  readonly undetermined?: readonly ReportedFinding[];
  readonly successes?: readonly ReportedFinding[];
  readonly attestations?: readonly { readonly predicateType: string }[];
  readonly signatures?: readonly { readonly format: string }[];
}

export interface JsonReport {
  readonly result: string;
  readonly components: readonly ReportedComponent[];
  readonly taskBundles?: readonly {
    readonly reference: string;
    readonly outcome: string;
    readonly components: readonly string[];
  }[];
}

export interface CommandResult {
  readonly exitCode: number;
  readonly report: JsonReport;
  /** What it said, for the message of a failed test. */
  readonly output: string;
}

/** Whom to trust, in the words of the command. */
export function trustFlags(trust: Trust, files: SigstoreFiles): readonly string[] {
  if (trust.type === 'identity') {
    const { subject, issuer } = trust;
    return [
      '--certificate-identity',
      subject,
      '--certificate-oidc-issuer',
      issuer,
      '--trusted-root',
      files.trustedRoot,
    ];
  }
  const log = trust.logged ? ['--trusted-root', files.trustedRoot] : ['--ignore-rekor'];
  return ['--public-key', trust.publicKey, ...log];
}

/** Runs `proofgate verify` with `args`; `environment` is all that it sees of the machine's. Throws when it wrote no report. */
export async function verify(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  using temp = tempDirectory();
  const file = join(temp.path, 'report.json');
  const { exitCode, output } = await run(['verify', ...args, '--report', file], {
    HOME: temp.path,
    ...environment,
  });
  try {
    return { exitCode, output, report: JSON.parse(readFileSync(file, 'utf8')) as JsonReport };
  } catch (cause) {
    throw new Error(`proofgate ended with ${exitCode} and left no report:\n${output}`, { cause });
  }
}

function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [CLI, ...args], { env: { ...env } }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ exitCode: code, output: `${stdout}${stderr}` });
      else reject(error);
    });
  });
}
