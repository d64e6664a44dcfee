// The command's arguments → raw options. Knows flags and help, not what the values mean.
import { Command, CommanderError, type Help, Option } from 'commander';
import { findOption, type OptionDefinition, type OptionName, optionsOf } from './option-list.ts';
import type { RawOptions } from './option-reader.ts';
import { isBooleanText } from './values.ts';

const CACHE_ACTIONS = ['stat', 'verify', 'prune'] as const;
export type CacheAction = (typeof CACHE_ACTIONS)[number];

const TASK_STEPS = ['verify', 'assert'] as const;
export type TaskStep = (typeof TASK_STEPS)[number];

export type CommandLine =
  | { readonly type: 'verify'; readonly raw: RawOptions }
  | { readonly type: 'task'; readonly step: TaskStep }
  | { readonly type: 'cache'; readonly action: CacheAction; readonly raw: RawOptions }
  | { readonly type: 'merge'; readonly raw: RawOptions }
  /** Help or the version, for standard output. */
  | { readonly type: 'information'; readonly text: string }
  /** No such command, or a flag without its value. */
  | { readonly type: 'mistake'; readonly text: string };

const EXAMPLES = `
Examples:
  # one image, signed with a key
  proofgate verify quay.io/org/app:1.0 --public-key cosign.pub

  # a release, signed by a GitHub workflow
  proofgate verify --snapshot snapshot.yaml \\
    --certificate-identity https://github.com/org/app/.github/workflows/release.yml@refs/heads/main \\
    --certificate-oidc-issuer https://token.actions.githubusercontent.com

  # the report as JSON on standard output
  proofgate verify quay.io/org/app:1.0 --public-key cosign.pub --report - | jq .result

Exit codes:
  0  everything is verified
  1  something is rejected (0 with --strict=false)
  2  bad input, nothing was looked at
  3  nothing is rejected, but something could not be looked at
`;

/** `args` without the program's own two. */
export function parseCommandLine(args: readonly string[], version: string): CommandLine {
  let information = '';
  let mistake = '';
  let accepted: CommandLine | undefined;
  const program = new Command('proofgate')
    .description('Verifies that every image of a release is signed by whom you trust.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .configureHelp({ formatItem: formatHelpItem })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        information += text;
      },
      writeErr: (text) => {
        mistake += text;
      },
    });
  const accept = (commandLine: CommandLine) => {
    accepted = commandLine;
  };
  addVerify(program, accept);
  addMerge(program, accept);
  addCache(program, accept);
  addTask(program, accept);
  try {
    program.parse(withBooleanValues(args), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0
      ? { type: 'information', text: information }
      : { type: 'mistake', text: mistake };
  }
  return accepted ?? { type: 'mistake', text: program.helpInformation() };
}

type Accept = (commandLine: CommandLine) => void;

function addVerify(program: Command, accept: Accept): void {
  const verify = program
    .command('verify')
    .description('Verify images, or all components of a snapshot.')
    .argument('[IMAGE...]', 'image references; the same as --images')
    // An unknown flag comes back among the images: it is named together with all other problems.
    .allowUnknownOption()
    .addHelpText('after', EXAMPLES);
  const values = addFlags(
    verify,
    optionsOf('command').map(({ name }) => name),
  );
  verify.action((images: string[]) => {
    const raw = values();
    accept({ type: 'verify', raw: { ...raw, images: [...images, ...(raw.images ?? [])] } });
  });
}

const MERGE_EXAMPLES = `
Examples:
  # two halves of a release, then the whole
  proofgate verify --snapshot snapshot.yaml --public-key cosign.pub --shard 1/2 --report reports/1.json
  proofgate verify --snapshot snapshot.yaml --public-key cosign.pub --shard 2/2 --report reports/2.json
  proofgate merge reports --report report.json

Exit codes:
  as of verify; 2 also for reports that are not of one release, 3 when a shard is missing or two disagree
`;

function addMerge(program: Command, accept: Accept): void {
  const merge = program
    .command('merge')
    .description('Make one report of the reports of all shards of a release.')
    .argument('<REPORT...>', 'reports in JSON: files, or folders that hold them and nothing else')
    .addHelpText('after', MERGE_EXAMPLES);
  const values = addFlags(merge, ['report', 'junit', 'sarif', 'output', 'strict']);
  merge.action((paths: string[]) => accept({ type: 'merge', raw: { ...values(), merge: paths } }));
}

const CACHE_DESCRIPTIONS: Readonly<Record<CacheAction, string>> = {
  stat: 'Say what is kept, and how old it is.',
  verify: 'Hash everything that is kept, and name what is bad (exit code 1).',
  prune: 'Remove what is bad, then what was not used for the longest time, down to the size.',
};

function addCache(program: Command, accept: Accept): void {
  const cache = program.command('cache').description('Look after the proofs that are kept for later runs.');
  for (const action of CACHE_ACTIONS) {
    const command = cache.command(action).description(CACHE_DESCRIPTIONS[action]);
    const values = addFlags(command, ['cache-dir', 'cache-max-size']);
    command.action(() => accept({ type: 'cache', action, raw: values() }));
  }
}

const STEP_DESCRIPTIONS: Readonly<Record<TaskStep, string>> = {
  verify: 'Verify what the parameters name, and write TEST_OUTPUT and the reports.',
  assert: 'Fail unless TEST_OUTPUT says that verify passed.',
};

function addTask(program: Command, accept: Accept): void {
  const task = program
    .command('task')
    .description('Steps of the Tekton task: they read the variables that its definition sets.');
  for (const step of TASK_STEPS) {
    task
      .command(step)
      .description(STEP_DESCRIPTIONS[step])
      .action(() => accept({ type: 'task', step }));
  }
}

/** Adds the options' flags; the values are there once the command was parsed. */
function addFlags(
  command: Command,
  names: readonly OptionName[],
): () => Partial<Record<OptionName, readonly string[]>> {
  const flags = names.map((name) => [name, toFlag(findOption(name))] as const);
  for (const [, flag] of flags) command.addOption(flag);
  return () => {
    const values = command.opts<Readonly<Record<string, readonly string[] | undefined>>>();
    return Object.fromEntries(flags.map(([name, flag]) => [name, values[flag.attributeName()] ?? []]));
  };
}

/** The description below its flag: names are long, and terminals narrow. */
function formatHelpItem(term: string, _width: number, description: string, help: Help): string {
  if (description === '') return `  ${term}`;
  const lines = help.boxWrap(description, (help.helpWidth ?? 80) - 6).split('\n');
  return [`  ${term}`, ...lines.map((line) => `      ${line}`)].join('\n');
}

function toFlag(option: OptionDefinition): Option {
  const value = option.kind === 'boolean' ? `[${option.placeholder}]` : `<${option.placeholder}>`;
  const suffix = option.default === '' ? '' : ` (default: ${option.default})`;
  return new Option(`--${option.name} ${value}`, `${option.description}${suffix}`).argParser(
    (text: string, previous: readonly string[] | undefined) => [...(previous ?? []), text],
  );
}

/**
 * `--strict` becomes `--strict=true`, and `--strict false` becomes `--strict=false`: the value of a boolean may
 * be left out, and then the next argument, an image say, must not be taken for it.
 */
function withBooleanValues(args: readonly string[]): string[] {
  const booleans = new Set(
    optionsOf('command').flatMap(({ name, kind }) => (kind === 'boolean' ? [`--${name}`] : [])),
  );
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const result: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const [arg, next] = [args[index] ?? '', args[index + 1] ?? ''];
    const isBare = index < end && booleans.has(arg);
    const takesNext = isBare && isBooleanText(next);
    result.push(isBare ? `${arg}=${takesNext ? next : 'true'}` : arg);
    if (takesNext) index += 1;
  }
  return result;
}
