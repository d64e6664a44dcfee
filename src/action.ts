// GitHub entry: inputs in, run, annotations, summary and outputs out.
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as core from '@actions/core';
import { systemClock } from './base/clock.ts';
import { toProofgateError } from './base/errors.ts';
import { actionPersistence, cacheProgram } from './cache-place.ts';
import { settleEngine } from './engine.ts';
import { EXIT_REJECTED, EXIT_VERIFIED, toExitCode } from './exit-code.ts';
import { distFolder, installCommand } from './install.ts';
import { watchInterruption } from './interruption.ts';
import { localFiles } from './options/input-files.ts';
import { optionsOf } from './options/option-list.ts';
import type { RawOptions } from './options/option-reader.ts';
import { parseOptions } from './options.ts';
import type { OutputOptions } from './output-options.ts';
import { renderProblems } from './problems.ts';
import { type AnnotationPlan, planAnnotations } from './report/annotations.ts';
import { createProgress } from './report/progress.ts';
import { countOutcomes, type Report } from './report/report.ts';
import { renderSummary } from './report/summary.ts';
import { renderText } from './report/text.ts';
import { writeResultFiles } from './result-files.ts';
import { run } from './run.ts';
import { version } from './version.ts';

const WIDTH = 120;
/** The runner cuts an annotation at 4,096 characters. */
const MAX_FAILURE_CHARS = 4000;

/** Returns why the step fails; nothing when it passes. */
async function main(): Promise<string[]> {
  setVerdict('undetermined', { verified: 0, rejected: 0, undetermined: 0 });
  core.setOutput('cache-hit', 'none');
  const inputs = optionsOf('action').map(({ name }) => [
    name,
    core.getInput(name, { trimWhitespace: false }),
  ]);
  const raw: RawOptions = Object.fromEntries(inputs);
  return core.getInput('merge') === '' ? verify(raw) : merge(raw);
}

async function verify(raw: RawOptions): Promise<string[]> {
  const parsed = parseOptions(raw, localFiles, 'action');
  if (!parsed.ok) return ['Bad input, nothing was looked at:', ...renderProblems(parsed.problems)];

  const options = withReport(parsed.options);
  const failures = options.install ? await install() : [];
  const interruption = watchInterruption(EXIT_REJECTED);
  const report = await run(options, {
    environment: process.env,
    clock: systemClock,
    progress: createProgress(process.stdout, { isTty: false, clock: systemClock }),
    signal: interruption.signal,
    persistence: (warn) =>
      actionPersistence(options, {
        environment: process.env,
        temporaryFolder: temporaryFolder(),
        program: cacheProgram(import.meta.dirname),
        warn,
        inform: core.info,
      }),
    version,
  });
  const interrupted = interruption.signal.aborted ? ['The run was interrupted.'] : [];
  return [...publish(options, report), ...interrupted, ...failures];
}

async function merge(raw: RawOptions): Promise<string[]> {
  const { runMergeCommand } = await import('./merge-command.ts');
  const merged = runMergeCommand(raw, version, 'action');
  if (!merged.ok) return ['Nothing was merged:', ...renderProblems(merged.problems)];
  return publish(withReport(merged.options), merged.report);
}

/** The report is always written: later steps get its path. */
function withReport<T extends OutputOptions>(options: T): T & { readonly report: string } {
  const path = options.report ?? join(temporaryFolder(), `proofgate-report-${randomUUID()}.json`);
  return { ...options, report: resolve(path) };
}

/** What decides how a report is shown, and whether the step passes with it. */
type PublishOptions = OutputOptions & { readonly report: string; readonly strict: boolean };

/** Shows the report everywhere; returns why the step fails. */
function publish(options: PublishOptions, report: Report): string[] {
  core.info(renderText(report, { color: !process.env.NO_COLOR, width: WIDTH }).trimEnd());
  const lost = writeResultFiles(options, report);
  core.setOutput('report', options.report);
  setVerdict(report.result, countOutcomes(report.components));
  core.setOutput('cache-hit', report.cache?.hit ?? 'none');
  const plan = planAnnotations(report);
  annotate(plan);
  const lostProblems = lost.length > 0 ? ['A result is lost:', ...renderProblems(lost)] : [];
  return [...verdictFailure(options, report, plan), ...lostProblems, ...writeSummary(report)];
}

function verdictFailure(
  { strict }: PublishOptions,
  report: Report,
  { failureMessage }: AnnotationPlan,
): string[] {
  if (toExitCode(report, strict) !== EXIT_VERIFIED)
    return [failureMessage ?? `The result is ${report.result}.`];
  if (failureMessage !== undefined)
    core.warning(`${failureMessage} The step passes because strict is false.`);
  return [];
}

function annotate({ annotations }: AnnotationPlan): void {
  const show = { error: core.error, warning: core.warning, notice: core.notice };
  for (const { level, title, message } of annotations) show[level](message, { title });
}

function setVerdict(result: Report['result'], counts: ReturnType<typeof countOutcomes>): void {
  core.setOutput('result', result);
  core.setOutput('verified-count', counts.verified);
  core.setOutput('rejected-count', counts.rejected);
  core.setOutput('undetermined-count', counts.undetermined);
}

/** Only where a runner asks for one. */
function writeSummary(report: Report): string[] {
  const path = process.env.GITHUB_STEP_SUMMARY;
  if (!path) return [];
  try {
    appendFileSync(path, renderSummary(report));
    return [];
  } catch (error) {
    return [`The job summary is lost: ${toProofgateError(error).message}`];
  }
}

async function install(): Promise<string[]> {
  try {
    const folder = distFolder(import.meta.dirname);
    const bin = await installCommand({
      folder,
      version,
      nodePath: process.execPath,
      temporaryFolder: temporaryFolder(),
    });
    core.info(`proofgate ${version} is on PATH for the steps that follow: ${bin}`);
    return [];
  } catch (error) {
    // The verdict is not held back for it.
    return [`The command could not be installed: ${toProofgateError(error).message}`];
  }
}

/** The runner's is emptied after the job. */
function temporaryFolder(): string {
  return process.env.RUNNER_TEMP || tmpdir();
}

function end(failures: readonly string[]): void {
  const text = failures.join('\n');
  if (text.length > MAX_FAILURE_CHARS) core.info(text);
  if (text !== '') core.setFailed(text.slice(0, MAX_FAILURE_CHARS));
  const code = text === '' ? EXIT_VERIFIED : EXIT_REJECTED;
  // After what was written has left: pipes are asynchronous on Windows.
  process.stdout.write('', () => process.exit(code));
}

function fail(thrown: unknown): void {
  end(['The run failed:', ...renderProblems([toProofgateError(thrown)])]);
}

settleEngine();
// Until main says otherwise: an event loop that runs dry must not read as success.
process.exitCode = EXIT_REJECTED;
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
main().then(end, fail);
