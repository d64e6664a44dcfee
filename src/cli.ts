#!/usr/bin/env node
// Command entry: arguments in, run, report and exit code out.
import { systemClock } from './base/clock.ts';
import { type ProofgateError, toProofgateError } from './base/errors.ts';
import { runCacheCommand } from './cache-command.ts';
import { commandPersistence } from './cache-place.ts';
import { settleEngine } from './engine.ts';
import { EXIT_UNDETERMINED, EXIT_USAGE, EXIT_VERIFIED, toExitCode } from './exit-code.ts';
import { watchInterruption } from './interruption.ts';
import { type CacheAction, parseCommandLine } from './options/command-line.ts';
import type { RawOptions } from './options/option-reader.ts';
import { parseOptions } from './options.ts';
import { inBatches } from './output-file.ts';
import type { OutputOptions } from './output-options.ts';
import { renderProblems } from './problems.ts';
import { toVisibleLine } from './report/escape.ts';
import { createProgress } from './report/progress.ts';
import type { Report } from './report/report.ts';
import { renderText } from './report/text.ts';
import { renderStandardOutput, writeResultFiles } from './result-files.ts';
import { run } from './run.ts';
import { assertTask, readTask, type TaskRequest, writeTestError } from './task-command.ts';
import { version } from './version.ts';

/** Also for a terminal that does not say how wide it is: it says 0. */
const DEFAULT_WIDTH = 100;

async function main(): Promise<number> {
  const command = parseCommandLine(process.argv.slice(2), version);
  switch (command.type) {
    case 'information':
      await write(process.stdout, command.text);
      return EXIT_VERIFIED;
    case 'mistake':
      await write(process.stderr, command.text);
      return EXIT_USAGE;
    case 'verify':
      return verify({
        parsed: parseOptions(command.raw),
        environment: process.env,
        toShown: (report) => report,
      });
    case 'merge':
      return merge(command.raw);
    case 'cache':
      return lookAfterCache(command.action, command.raw);
    case 'task':
      return command.step === 'verify' ? verifyAsTask() : assertAsTask();
  }
}

async function verify({ parsed, environment, toShown }: TaskRequest): Promise<number> {
  if (!parsed.ok) {
    await writeProblems('proofgate: bad input, nothing was looked at:', parsed.problems);
    return EXIT_USAGE;
  }
  const interruption = watchInterruption(EXIT_UNDETERMINED);
  const report = await run(parsed.options, {
    environment,
    clock: systemClock,
    progress: createProgress(process.stderr, { isTty: process.stderr.isTTY === true, clock: systemClock }),
    signal: interruption.signal,
    persistence: (warn) => commandPersistence(parsed.options, environment, warn),
    version,
  });
  const isComplete = await deliver(parsed.options, toShown(report));
  if (interruption.signal.aborted) return EXIT_UNDETERMINED;
  const code = toExitCode(report, parsed.options.strict);
  return code === EXIT_VERIFIED && !isComplete ? EXIT_UNDETERMINED : code;
}

/** TEST_OUTPUT is there whatever happens: at first it says that the step did not come to its end. */
async function verifyAsTask(): Promise<number> {
  const { env } = process;
  writeTestError(env, systemClock, []);
  try {
    const request = readTask(env);
    if (!request.parsed.ok) writeTestError(env, systemClock, request.parsed.problems);
    return await verify(request);
  } catch (error) {
    writeTestError(env, systemClock, [toProofgateError(error)]);
    throw error;
  }
}

async function assertAsTask(): Promise<number> {
  const { code, lines } = assertTask(process.env);
  await write(process.stdout, lines.map((line) => `${toVisibleLine(line)}\n`).join(''));
  return code;
}

async function merge(raw: RawOptions): Promise<number> {
  // What reads reports is nothing for a run to load.
  const { runMergeCommand } = await import('./merge-command.ts');
  const merged = runMergeCommand(raw, version, 'command');
  if (!merged.ok) {
    await writeProblems('proofgate merge: nothing was merged:', merged.problems);
    const isMistake = merged.problems.every(({ kind }) => kind === 'usage');
    return isMistake ? EXIT_USAGE : EXIT_UNDETERMINED;
  }
  const { report, options } = merged;
  const isComplete = await deliver(options, report);
  const code = toExitCode(report, options.strict);
  return code === EXIT_VERIFIED && !isComplete ? EXIT_UNDETERMINED : code;
}

async function lookAfterCache(action: CacheAction, raw: RawOptions): Promise<number> {
  const context = { environment: process.env, clock: systemClock };
  const { code, lines, problems } = await runCacheCommand(action, raw, context);
  await write(process.stdout, lines.map((line) => `${toVisibleLine(line)}\n`).join(''));
  if (problems.length > 0) await writeProblems('proofgate cache:', problems);
  return code;
}

/** False when something that was asked for could not be written. */
async function deliver(options: OutputOptions, report: Report): Promise<boolean> {
  const problems = writeResultFiles(options, report);
  const document = renderStandardOutput(options, report, { color: wantsColor(process.stdout) });
  const isDelivered = document === undefined || (await writeAll(process.stdout, document));
  const textStream = document === undefined ? process.stdout : process.stderr;
  await write(
    textStream,
    renderText(report, { color: wantsColor(textStream), width: textStream.columns || DEFAULT_WIDTH }),
  );
  if (problems.length > 0) await writeProblems('proofgate: a result is lost:', problems);
  return isDelivered && problems.length === 0;
}

/** https://no-color.org and its counterpart; forcing wins. */
function wantsColor(stream: NodeJS.WriteStream): boolean {
  const { FORCE_COLOR: forced = '', NO_COLOR: refused = '' } = process.env;
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return refused === '' && stream.isTTY === true;
}

async function writeProblems(title: string, problems: readonly ProofgateError[]): Promise<void> {
  await write(process.stderr, `${[title, ...renderProblems(problems)].join('\n')}\n`);
}

async function writeAll(stream: NodeJS.WriteStream, pieces: Iterable<string>): Promise<boolean> {
  for (const batch of inBatches(pieces)) if (!(await write(stream, batch))) return false;
  return true;
}

/** False when nobody reads any more: `proofgate … | head` is no reason to fail. */
function write(stream: NodeJS.WriteStream, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    stream.write(text, (error) => resolve(error == null));
  });
}

async function fail(thrown: unknown): Promise<never> {
  const error = toProofgateError(thrown);
  const isMistake = error.kind === 'usage';
  const title = isMistake ? 'bad input, nothing was looked at:' : 'the run failed:';
  await writeProblems(`proofgate: ${title}`, [error]);
  process.exit(isMistake ? EXIT_USAGE : EXIT_UNDETERMINED);
}

settleEngine();
// Until main says otherwise: an event loop that runs dry must not read as success.
process.exitCode = EXIT_UNDETERMINED;
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}); // `write` tells.
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
main().then((code) => process.exit(code), fail);
