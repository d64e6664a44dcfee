// The one list of options. The action's inputs, the command's flags, their help and README's table come
// from here; tests compare them.
import { POLICY_OPTIONS } from './policy-option-list.ts';
import { SIGNER_OPTIONS } from './signer-option-list.ts';

/** `list` values are one a line; with `commas`, also separated by commas. */
export type OptionKind = 'list' | 'text' | 'boolean' | 'number' | 'duration' | 'size';

/** Where an option is given: as an input of the action, a flag of the command, a parameter of the Tekton task. */
export type Surface = 'action' | 'command' | 'task';

export interface OptionDefinition {
  /** Input `name`, flag `--name`. */
  readonly name: string;
  readonly kind: OptionKind;
  /** As text, just as a user would give it; '' means not given. */
  readonly default: string;
  /** What the help shows for the value. */
  readonly placeholder: string;
  readonly description: string;
  /** Lists only: no value can contain a comma. */
  readonly commas?: true;
  /** Missing: offered by action and command. */
  readonly only?: Surface;
  /** Name of the task's parameter, where Conforma calls it otherwise; missing: the option's own in capitals. */
  readonly parameter?: string;
}

export const OPTIONS = [
  {
    name: 'images',
    kind: 'list',
    commas: true,
    default: '',
    placeholder: 'IMAGE',
    parameter: 'IMAGES',
    description:
      'Image references to verify, one a line. An index is verified with all its platforms. A snapshot is taken too.',
  },
  {
    name: 'snapshot',
    kind: 'text',
    default: '',
    placeholder: 'FILE|TEXT',
    parameter: 'IMAGES',
    description: 'A snapshot in JSON or YAML: a file, or the text itself. Merged with `images`.',
  },
  {
    name: 'shard',
    kind: 'text',
    default: '',
    placeholder: 'INDEX/COUNT',
    description:
      'Verify a part of the release: `2/5` takes every fifth component, by digest. `proofgate merge` makes one report of the parts.',
  },
  ...SIGNER_OPTIONS,
  {
    name: 'require',
    kind: 'list',
    commas: true,
    default: 'signature,attestation',
    placeholder: 'WHAT',
    description: 'What each image must have: `signature`, `attestation`, or both.',
  },
  {
    name: 'ignore-rekor',
    kind: 'boolean',
    default: 'false',
    placeholder: 'BOOLEAN',
    description: 'Do not require that signatures are in the transparency log.',
  },
  {
    name: 'rekor-url',
    kind: 'text',
    default: '',
    placeholder: 'URL',
    parameter: 'REKOR_HOST',
    description: 'Transparency log to ask for the entry of a legacy signature that carries none.',
  },
  ...POLICY_OPTIONS,
  {
    name: 'trusted-root',
    kind: 'text',
    default: '',
    placeholder: 'FILE',
    description: 'A Sigstore trusted root (JSON) to verify with, in place of the public good instance.',
  },
  {
    name: 'tuf-mirror',
    kind: 'text',
    default: '',
    placeholder: 'URL',
    description:
      'TUF repository to fetch the trusted root from, in place of the public good instance. Needs `tuf-root`.',
  },
  {
    name: 'tuf-root',
    kind: 'text',
    default: '',
    placeholder: 'FILE',
    description: 'The root.json that the TUF repository is trusted by.',
  },
  {
    name: 'insecure-registries',
    kind: 'list',
    commas: true,
    default: '',
    placeholder: 'HOST[:PORT]',
    description: 'Registries that may be spoken to over plain http. Loopback addresses always may.',
  },
  {
    name: 'workers',
    kind: 'number',
    default: '40',
    placeholder: 'NUMBER',
    description: 'Most components under way at once, 1 to 256.',
  },
  {
    name: 'timeout',
    kind: 'duration',
    default: '5m',
    placeholder: 'DURATION',
    description:
      'For the whole run, such as `90s`, `5m` or `1h30m`; 0 for none. What was not looked at by then is undetermined.',
  },
  {
    name: 'strict',
    kind: 'boolean',
    default: 'true',
    placeholder: 'BOOLEAN',
    description: 'Fail when something was rejected. Bad input and undetermined images fail in any case.',
  },
  {
    name: 'cache',
    kind: 'text',
    default: 'auto',
    placeholder: 'auto|true|false',
    description:
      'Keep proofs for later runs, which verify them again. `auto`: the command does; the action does on hosted Linux and macOS runners, but not for releases, tags, `pull_request_target` and `workflow_run`.',
  },
  {
    name: 'cache-dir',
    kind: 'text',
    default: '',
    placeholder: 'DIRECTORY',
    description:
      'Where proofs are kept, in place of the cache folder of the user (command) or the cache of GitHub (action).',
  },
  {
    name: 'cache-max-age',
    kind: 'duration',
    default: '24h',
    placeholder: 'DURATION',
    description:
      'Ask the registry again for signatures that were listed so long ago. 0 asks each time, and still saves transfers.',
  },
  {
    name: 'cache-max-size',
    kind: 'size',
    default: '512MiB',
    placeholder: 'SIZE',
    description: 'What is kept may weigh so much; what was not used for the longest time goes first.',
  },
  {
    name: 'offline',
    kind: 'boolean',
    default: 'false',
    placeholder: 'BOOLEAN',
    description:
      'Open no connection: verify from kept proofs alone. What they do not hold is undetermined. Trusts the root that ships with Proofgate unless `trusted-root` is given.',
  },
  {
    name: 'report',
    kind: 'text',
    default: '',
    placeholder: 'FILE',
    description:
      'Write the report as JSON to this file. The command prints it for `-`; the action writes it to a temporary file unless told otherwise.',
  },
  {
    name: 'junit',
    kind: 'text',
    default: '',
    placeholder: 'FILE',
    description: 'Write the report as JUnit XML to this file.',
  },
  {
    name: 'sarif',
    kind: 'text',
    default: '',
    placeholder: 'FILE',
    description: 'Write the report as SARIF 2.1.0 to this file.',
  },
  {
    name: 'output',
    kind: 'list',
    default: '',
    placeholder: 'FORMAT[=FILE]',
    description:
      'Further documents, one a line: `json`, `yaml`, `text`, `appstudio`, `summary-markdown`, `junit`, `sarif` or `policy-input`. The command prints what has no file.',
  },
  {
    name: 'merge',
    kind: 'list',
    default: '',
    placeholder: 'REPORT',
    only: 'action',
    description:
      'Verify nothing: make one report of those of all shards. Files, or folders that hold the reports and nothing else.',
  },
  {
    name: 'install',
    kind: 'boolean',
    default: 'false',
    placeholder: 'BOOLEAN',
    only: 'action',
    description: 'Put the `proofgate` command on PATH for the steps that follow.',
  },
] as const satisfies readonly OptionDefinition[];

export type OptionName = (typeof OPTIONS)[number]['name'];

/** The options of one surface, in the list's order. */
export function optionsOf(surface: Surface): readonly (OptionDefinition & { readonly name: OptionName })[] {
  const all: readonly (OptionDefinition & { readonly name: OptionName })[] = OPTIONS;
  return all.filter((option) => option.only === undefined || option.only === surface);
}

/** The option as its users know it: `--name`, `name` or `NAME`. */
export function labelOf(name: OptionName, surface: Surface): string {
  const { parameter = name.toUpperCase().replaceAll('-', '_') } = findOption(name);
  return { action: name, command: `--${name}`, task: parameter }[surface];
}

/** @throws RangeError for a name that is in no list */
export function findOption(name: OptionName): OptionDefinition {
  const option = OPTIONS.find((candidate) => candidate.name === name);
  if (option === undefined) throw new RangeError(`no option is called ${name}`);
  return option;
}
