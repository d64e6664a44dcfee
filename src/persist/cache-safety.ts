// `cache: auto`: whether this job may extract an archive that another job wrote.
import type { Environment } from './default-directory.ts';

export type CacheSetting = 'auto' | 'true' | 'false';

export interface CacheDecision {
  readonly enabled: boolean;
  /** One clause, for the log: "the cache is off: …". */
  readonly reason: string;
}

/** Those that publish, and those that run with a trusted token on behalf of somebody who is not. */
const PRIVILEGED_EVENTS = new Set(['release', 'pull_request_target', 'workflow_run']);

/** What `cache: auto` means here. When in doubt, off. */
export function isCacheSafe(environment: Environment): CacheDecision {
  const { RUNNER_ENVIRONMENT: runner, RUNNER_OS: os, GITHUB_EVENT_NAME: event } = environment;
  if (runner !== 'github-hosted') return off('this is not a hosted runner');
  if (os === 'Windows') return off('the archive cannot be confined to a folder on Windows');
  if (!event) return off('the event is not known');
  if (PRIVILEGED_EVENTS.has(event)) return off(`the event is ${event}`);
  if (isTag(environment)) return off('the run is for a tag');
  return { enabled: true, reason: `a hosted runner and the event ${event}` };
}

/** What the input `cache` asks for: `true` and `false` are the user's word. */
export function decideCache(setting: CacheSetting, environment: Environment): CacheDecision {
  if (setting === 'auto') return isCacheSafe(environment);
  return { enabled: setting === 'true', reason: `cache is ${setting}` };
}

function isTag({ GITHUB_REF_TYPE: type, GITHUB_REF: ref }: Environment): boolean {
  return type === 'tag' || ref?.startsWith('refs/tags/') === true;
}

function off(reason: string): CacheDecision {
  return { enabled: false, reason };
}
