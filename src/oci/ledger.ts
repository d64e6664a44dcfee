// What the run asked of whom: every request that was sent, by host and status.
import type { RegistryUsage } from '../report/report.ts';

interface Account {
  readonly statuses: Map<string, number>;
  requests: number;
  retries: number;
  bytes: number;
}

export class Ledger {
  readonly #accounts = new Map<string, Account>();
  #sharedLookups = 0;

  /** `error`: the request got no answer. */
  countRequest(host: string, status: number | 'error'): void {
    const account = this.#account(host);
    const key = String(status);
    account.requests += 1;
    account.statuses.set(key, (account.statuses.get(key) ?? 0) + 1);
  }

  /** A request that is about to be sent once more. */
  countRetry(host: string): void {
    this.#account(host).retries += 1;
  }

  /** Of bodies, as received. */
  countBytes(host: string, bytes: number): void {
    this.#account(host).bytes += bytes;
  }

  /** A lookup that was answered by work that someone else had asked for. */
  countShared(): void {
    this.#sharedLookups += 1;
  }

  /** Sorted by host. */
  usage(): { registries: RegistryUsage[]; sharedLookups: number } {
    const registries = [...this.#accounts]
      .map(([registry, account]) => ({
        registry,
        ...account,
        statuses: Object.fromEntries(account.statuses),
      }))
      .sort((a, b) => (a.registry < b.registry ? -1 : 1));
    return { registries, sharedLookups: this.#sharedLookups };
  }

  #account(host: string): Account {
    const known = this.#accounts.get(host);
    if (known !== undefined) return known;
    const account: Account = { statuses: new Map(), requests: 0, retries: 0, bytes: 0 };
    this.#accounts.set(host, account);
    return account;
  }
}
