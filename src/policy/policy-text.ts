// What the user calls "the policy" → its configuration. The same forms give the values of extra rule data.
import { ProofgateError } from '../base/errors.ts';
import { withBundleDigest } from './bundle-digest.ts';
import { MAX_POLICY_BYTES, type PolicyConfig, parsePolicyConfig } from './config.ts';
import { toText } from './data.ts';
import type { PolicyRequest } from './loaded-policy.ts';
import { parseExtraRuleData, withRuleData } from './rule-data.ts';
import type { SourceFile, SourceTree } from './source-tree.ts';
import { isGitForm } from './sources/git-url.ts';
import { isLocalFile } from './sources/local-source.ts';
import { SourceFetcher } from './sources/source-fetcher.ts';
import { badSource, showUrl } from './sources/source-text.ts';
import type { SourceTools } from './sources/source-tools.ts';
import { parseSourceUrl } from './sources/source-url.ts';

const CONFIG_FILE = /\.(?:json|ya?ml)$/;
/** The first that is there. */
const CONFIG_PLACES = ['.ec/policy', 'policy'].flatMap((path) =>
  ['json', 'yaml', 'yml'].map((extension) => `${path}.${extension}`),
);
const CLUSTER_NAME = /^(?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/**
 * The configuration that the request means, extra rule data and the pinned policy bundle included.
 * @throws ProofgateError `BAD_POLICY`, `BAD_OPTION`, `POLICY_UNAVAILABLE`, what registry and HTTP client throw, or the
 *   reason of `signal`
 */
export async function loadPolicyConfig(
  request: PolicyRequest,
  tools: SourceTools,
  signal: AbortSignal,
): Promise<PolicyConfig> {
  const fetcher = new SourceFetcher(tools);
  const extra = new Map<string, string>();
  for (const [key, value] of parseExtraRuleData(request.extraRuleData)) {
    extra.set(key, (await findText(value, fetcher, signal))?.text ?? value);
  }
  const config = await readConfig(request.policy, fetcher, tools, signal);
  const { policyBundleDigest } = request;
  const pinned = policyBundleDigest === undefined ? config : withBundleDigest(config, policyBundleDigest);
  return withRuleData(pinned, extra);
}

async function readConfig(
  given: string,
  fetcher: SourceFetcher,
  { cluster }: SourceTools,
  signal: AbortSignal,
): Promise<PolicyConfig> {
  const found = await findText(given, fetcher, signal);
  if (found !== undefined) return parsePolicyConfig(found.text, found.name);
  if (given.includes(':')) return parsePolicyConfig(given, 'that is given inline');
  const shown = JSON.stringify(given.slice(0, 160));
  if (CLUSTER_NAME.test(given) && !CONFIG_FILE.test(given)) {
    if (cluster !== undefined) {
      const text = await cluster.fetchPolicy(given, signal);
      return parsePolicyConfig(text, `${shown} of the cluster`, { unknownMembers: 'ignored' });
    }
    throw new ProofgateError(
      'BAD_POLICY',
      `the policy ${shown}: there is no such file, and this is no pod of a cluster that could have it`,
      {
        hint: 'Export it: kubectl get enterprisecontractpolicy NAME -o yaml > policy.yaml, and give that file.',
      },
    );
  }
  throw new ProofgateError('BAD_POLICY', `the policy ${shown}: there is no such file`, {
    hint: 'Give a .json, .yaml or .yml file, the text itself, or a git or https URL.',
  });
}

interface Found {
  readonly text: string;
  readonly name: string;
}

/** Undefined: it is no object, no address and no file, but perhaps a text of another kind. */
async function findText(
  given: string,
  fetcher: SourceFetcher,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const text = given.trim();
  if (text.startsWith('{')) return { text, name: 'that is given inline' };
  if (/[\r\n]/.test(text)) return undefined;
  const isFile = await isLocalFile(text);
  const isAddress = /^(?:git::|https?:\/\/|git:\/\/)/i.test(text) || isGitForm(text);
  if (!isAddress && !(isFile && CONFIG_FILE.test(text))) return undefined;
  const tree = await fetcher.fetch(isAddress ? text : `file::${text}`, signal);
  const file = isAddress ? chooseFile(text, tree) : tree.files[0];
  if (file === undefined) {
    throw badSource(
      text,
      `it has none of ${CONFIG_PLACES.join(', ')}`,
      'Name the file or its folder after //.',
    );
  }
  return { text: readFile(text, file), name: showUrl(text) };
}

function chooseFile(text: string, { files }: SourceTree): SourceFile | undefined {
  const source = parseSourceUrl(text);
  const isNamed =
    source.type === 'https' ? source.folder === '' : source.type === 'git' && CONFIG_FILE.test(source.folder);
  if (isNamed && files.length === 1 && CONFIG_FILE.test(files[0]?.path ?? '')) return files[0];
  const places = CONFIG_PLACES.map((path) => files.find((file) => file.path === path));
  return places.find((file) => file !== undefined);
}

function readFile(name: string, { bytes }: SourceFile): string {
  if (bytes.length === 0) throw badSource(name, 'it is empty');
  if (bytes.length > MAX_POLICY_BYTES) throw badSource(name, `it is longer than ${MAX_POLICY_BYTES} bytes`);
  return toText(bytes, (why) => badSource(name, why));
}
