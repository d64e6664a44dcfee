// Who refers to a digest (OCI distribution-spec, "Listing Referrers"): the API with its pages, and the fallback tag
// of registries that do not have it. A list that cannot be read is an error, never an empty list.
import { type Digest, digestAlgorithm, digestHex, digestOf } from '../base/digest.ts';
import { ProofgateError } from '../base/errors.ts';
import { redactUrl } from '../base/redaction.ts';
import type { Answer } from './exchange.ts';
import type { RegistryLimits } from './limits.ts';
import { type Descriptor, type Manifest, parseManifest } from './manifest.ts';
import { OCI_INDEX } from './media-types.ts';
import { formatRepository, pinned, type Repository } from './reference.ts';
import { isHtml, type RepositoryClient } from './repository-client.ts';

type FindByTag = (repository: Repository, tag: string, signal?: AbortSignal) => Promise<Manifest | undefined>;

const MAX_TAG_PART = 64;
const LINK = /<([^<>]*)>((?:\s*;[^,<]*)*)/g;
const REL_NEXT = /;\s*rel\s*=\s*"?next"?\s*(?:;|$)/i;

export class Referrers {
  readonly #client: RepositoryClient;
  readonly #findByTag: FindByTag;
  readonly #limits: RegistryLimits;
  /** Repositories whose registry has answered that it has no such API. */
  readonly #withoutApi = new Set<string>();

  constructor(client: RepositoryClient, findByTag: FindByTag, limits: RegistryLimits) {
    this.#client = client;
    this.#findByTag = findByTag;
    this.#limits = limits;
  }

  /** Each digest once. @throws ProofgateError `REGISTRY_PROTOCOL`, `CONTENT_TOO_LARGE` and what the client throws */
  async list(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<readonly Descriptor[]> {
    const name = formatRepository(repository);
    if (!this.#withoutApi.has(name)) {
      const listed = await this.#listByApi(repository, digest, signal);
      if (listed !== undefined) return listed;
      this.#withoutApi.add(name);
    }
    return await this.#listByTag(repository, digest, signal);
  }

  async #listByApi(
    repository: Repository,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<Descriptor[] | undefined> {
    const what = `referrers of ${pinned(repository, digest)}`;
    const fetch = (path: string | URL) => this.#fetchPage(repository, path, what, signal);
    const found = new Map<Digest, Descriptor>();
    const visited = new Set<string>();
    let page = await fetch(`referrers/${digest}`);
    if (page === undefined) return undefined;
    let bytes = 0;
    for (;;) {
      for (const descriptor of parsePage(page, what)) found.set(descriptor.digest, descriptor);
      bytes += page.body.length;
      if (found.size > this.#limits.referrersEntries || bytes > this.#limits.referrersBytes)
        throw endless(what);
      const next = nextPage(page, what);
      if (next === undefined) return [...found.values()];
      visited.add(page.url.href);
      if (visited.has(next.href)) throw protocolError(what, 'the list goes in a circle');
      if (visited.size >= this.#limits.referrersPages) throw endless(what);
      page = await fetch(next);
      if (page === undefined) throw protocolError(what, 'a page of the list is missing');
    }
  }

  #fetchPage(
    repository: Repository,
    path: string | URL,
    what: string,
    signal: AbortSignal | undefined,
  ): Promise<Answer | undefined> {
    const rule = { maxBytes: this.#limits.manifestBytes };
    return this.#client.find({ repository, path, accept: OCI_INDEX, rule, what, mayLackRoute: true }, signal);
  }

  async #listByTag(
    repository: Repository,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<readonly Descriptor[]> {
    const tag = `${digestAlgorithm(digest)}-${digestHex(digest).slice(0, MAX_TAG_PART)}`;
    const index = await this.#findByTag(repository, tag, signal);
    if (index === undefined) return [];
    const what = `${formatRepository(repository)}:${tag}`;
    if (index.kind !== 'index') throw protocolError(what, 'the list of referrers is no index');
    if (index.manifests.length > this.#limits.referrersEntries) throw endless(what);
    return [...new Map(index.manifests.map((descriptor) => [descriptor.digest, descriptor])).values()];
  }
}

function parsePage(page: Answer, what: string): readonly Descriptor[] {
  if (isHtml(page)) throw protocolError(what, `${redactUrl(page.url)} answered with a page in HTML`);
  const index = parseManifest(page.body, digestOf(page.body), page.header('content-type')[0]);
  if (index.kind !== 'index') throw protocolError(what, 'the list of referrers is no index');
  return index.manifests;
}

/** `Link: <…>; rel="next"` (RFC 8288). */
function nextPage(page: Answer, what: string): URL | undefined {
  const links = page.header('link').join(',').matchAll(LINK);
  const next = [...links].find(([, , params = '']) => REL_NEXT.test(params));
  if (next === undefined) return undefined;
  const url = URL.parse(next[1] ?? '', page.url.href);
  if (url === null) throw protocolError(what, 'its next page has no address');
  return url;
}

function protocolError(what: string, why: string): ProofgateError {
  return new ProofgateError('REGISTRY_PROTOCOL', `${what}: ${why}`, {
    hint: 'Look at the registry, and at proxies that answer for it.',
  });
}

function endless(what: string): ProofgateError {
  return new ProofgateError('CONTENT_TOO_LARGE', `${what}: the list is longer than Proofgate reads`, {
    hint: 'Remove referrers that nobody needs; the bound is there on purpose.',
  });
}
