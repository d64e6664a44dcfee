// `proofgate task verify|assert`: the steps of the Tekton task. All that they are told comes as variables of the
// environment, which the task's definition sets.
import { z } from 'zod';
import type { Clock } from './base/clock.ts';
import { ProofgateError } from './base/errors.ts';
import { EXIT_REJECTED, EXIT_UNDETERMINED, EXIT_USAGE, EXIT_VERIFIED } from './exit-code.ts';
import { localFiles } from './options/input-files.ts';
import { OptionReader } from './options/option-reader.ts';
import { parseBoolean } from './options/values.ts';
import { type ParsedOptions, parseOptions } from './options.ts';
import { writeOutputFile } from './output-file.ts';
import { renderProblems } from './problems.ts';
import { renderAppstudioError, type TestResult } from './report/appstudio.ts';
import type { Report } from './report/report.ts';
import { withoutRuleInfo } from './task/rule-info.ts';
import { TaskParameters } from './task/task-parameters.ts';
import { enterData, removeOldReports, toPlaceOptions, toRunEnvironment } from './task/task-places.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface TaskRequest {
  readonly parsed: ParsedOptions;
  /** With the accounts and authorities that the task mounts. */
  readonly environment: Environment;
  /** What of a report is written. */
  readonly toShown: (report: Report) => Report;
}

/** What the parameters and workspaces ask for; all problems are usage errors. Enters the workspace `data`. */
export function readTask(environment: Environment): TaskRequest {
  const parameters = new TaskParameters(environment);
  const raw = parameters.toRawOptions();
  const reader = new OptionReader(raw, 'task');
  const info = parameters.get('INFO') || 'true';
  const wantsInfo = reader.attempt('INFO', () => parseBoolean(info)) ?? true;
  const places = reader.attempt('the workspace reports', () => {
    const shard = parameters.get('SHARD');
    const options = toPlaceOptions(environment, { testOutput: testOutputPath(environment), shard });
    removeOldReports(options);
    return options;
  });
  reader.attempt('the workspace data', () => enterData(environment));
  const runEnvironment = reader.attempt('the workspace dockerconfig', () =>
    toRunEnvironment(environment, parameters.get('SSL_CERT_DIR')),
  );
  const parsed = parseOptions({ ...raw, ...places }, localFiles, 'task');
  const problems = [...parameters.problems(), ...reader.problems, ...(parsed.ok ? [] : parsed.problems)];
  return {
    parsed: problems.length === 0 ? parsed : { ok: false, problems },
    environment: runEnvironment ?? environment,
    toShown: wantsInfo ? (report) => report : withoutRuleInfo,
  };
}

/**
 * Writes TEST_OUTPUT for a step without a report. The first thing that the step does is to write that it did not come to
 * its end: a process that is killed leaves no success behind.
 * @throws ProofgateError `BAD_OPTION`, `UNWRITABLE_FILE`
 */
export function writeTestError(
  environment: Environment,
  clock: Clock,
  problems: readonly ProofgateError[],
): void {
  const note = problems.length === 0 ? 'verify did not come to its end' : renderProblems(problems).join(' ');
  writeOutputFile(testOutputPath(environment), [renderAppstudioError(note, clock.now())]);
}

export interface Assertion {
  readonly code: number;
  /** For the log. */
  readonly lines: readonly string[];
}

const MAX_RESULT_BYTES = 64 * 1024;
const PASSING: readonly TestResult[] = ['SUCCESS', 'WARNING'];
const testOutputSchema = z.object({
  result: z.enum(['SUCCESS', 'WARNING', 'SKIPPED', 'FAILURE', 'ERROR']),
});

/**
 * The task's verdict from what the step `verify` left: its exit code, and its TEST_OUTPUT. Both have to agree.
 * @throws ProofgateError `BAD_OPTION`, `UNREADABLE_FILE`
 */
export function assertTask(environment: Environment): Assertion {
  const text = localFiles.read(testOutputPath(environment), MAX_RESULT_BYTES).toString('utf8').trim();
  const exitCode = readExitCode(environment);
  const passes = isPassing(text, new TaskParameters(environment));
  const code = passes && exitCode === EXIT_VERIFIED ? EXIT_VERIFIED : toFailure(exitCode);
  const verdict = code === EXIT_VERIFIED ? 'passed' : 'failed';
  return { code, lines: [text, `proofgate: ${verdict}; verify ended with ${exitCode}`] };
}

function isPassing(text: string, parameters: TaskParameters): boolean {
  const { result } = testOutputSchema.parse(JSON.parse(text));
  const strict = parseBoolean(parameters.get('STRICT') || 'true');
  if (result === 'FAILURE') return !strict;
  // A shard may have none of the components; then nobody asked for more.
  if (result === 'SKIPPED') return parameters.get('SHARD') !== '';
  return PASSING.includes(result);
}

/** Whatever is none of the command's own: it was killed. */
function toFailure(exitCode: number): number {
  return exitCode === EXIT_REJECTED || exitCode === EXIT_USAGE ? exitCode : EXIT_UNDETERMINED;
}

function readExitCode({ VERIFY_EXIT_CODE: path = '' }: Environment): number {
  const text = localFiles.read(path, MAX_RESULT_BYTES).toString('utf8').trim();
  return /^\d{1,3}$/.test(text) ? Number(text) : EXIT_UNDETERMINED;
}

function testOutputPath({ RESULT_TEST_OUTPUT: path = '' }: Environment): string {
  if (path !== '') return path;
  throw new ProofgateError('BAD_OPTION', 'RESULT_TEST_OUTPUT names no file', {
    hint: 'This command is for the Tekton task; use `proofgate verify`.',
  });
}
