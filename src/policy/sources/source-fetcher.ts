// One URL → its files, whatever kind of source it is; each URL once, however many groups name it.
import type { SourceTree } from '../source-tree.ts';
import { fetchGitSource } from './git-source.ts';
import { fetchHttpSource } from './http-source.ts';
import { readLocalSource } from './local-source.ts';
import { fetchOciSource } from './oci-source.ts';
import { unavailable } from './source-text.ts';
import { limitsOf, type SourceTools } from './source-tools.ts';
import { parseSourceUrl, type SourceUrl } from './source-url.ts';

export class SourceFetcher {
  readonly #tools: SourceTools;
  readonly #trees = new Map<string, Promise<SourceTree>>();

  constructor(tools: SourceTools) {
    this.#tools = tools;
  }

  /**
   * The source, fetched at most once for the lifetime of this fetcher, which is one run's start: a tag cannot mean two
   * things to two groups. A failure ends the run's policy, so it is kept too.
   * @param signal of the first who asks
   * @throws ProofgateError `BAD_POLICY`, `POLICY_UNAVAILABLE`, and what registry and HTTP client throw; the reason of `signal`
   */
  fetch(url: string, signal: AbortSignal): Promise<SourceTree> {
    const known = this.#trees.get(url);
    if (known !== undefined) return known;
    const tree = this.#fetchInTime(url, signal);
    this.#trees.set(url, tree);
    return tree;
  }

  async #fetchInTime(url: string, signal: AbortSignal): Promise<SourceTree> {
    const source = parseSourceUrl(url);
    const { fetchMs } = limitsOf(this.#tools);
    const controller = new AbortController();
    const late = () =>
      controller.abort(
        unavailable(
          url,
          `it was not there within ${fetchMs / 1000} s`,
          'Try again, or use a smaller source.',
        ),
      );
    const deadline = setTimeout(late, fetchMs);
    try {
      return await this.#fetchFrom(url, source, AbortSignal.any([signal, controller.signal]));
    } catch (error) {
      signal.throwIfAborted();
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      clearTimeout(deadline);
    }
  }

  async #fetchFrom(url: string, source: SourceUrl, signal: AbortSignal): Promise<SourceTree> {
    const tools = this.#tools;
    switch (source.type) {
      case 'oci':
        return await fetchOciSource(url, source.reference, tools, signal);
      case 'local':
        return await readLocalSource(url, source.path, tools, signal);
      case 'git':
        // A repository of this machine is no network.
        if (!source.isLocal) this.#refuseOffline(url);
        return await fetchGitSource(url, source, tools, signal);
      case 'https':
        this.#refuseOffline(url);
        return await fetchHttpSource(url, source, tools, signal);
    }
  }

  #refuseOffline(url: string): void {
    if (!this.#tools.offline) return;
    const hint = 'Offline, policies come from folders, or from images that an earlier run has kept.';
    throw unavailable(url, 'it was not asked: offline', hint);
  }
}
