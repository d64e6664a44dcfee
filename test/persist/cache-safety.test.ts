import { describe, expect, it } from 'vitest';
import { decideCache, isCacheSafe } from '../../src/persist/cache-safety.ts';

const HOSTED = {
  RUNNER_ENVIRONMENT: 'github-hosted',
  GITHUB_EVENT_NAME: 'push',
  GITHUB_REF_TYPE: 'branch',
  GITHUB_REF: 'refs/heads/main',
};

describe('cache: auto', () => {
  it.each(['push', 'pull_request', 'schedule', 'workflow_dispatch', 'merge_group'])(
    'is on for %s on a hosted runner',
    (event) => {
      expect(isCacheSafe({ ...HOSTED, GITHUB_EVENT_NAME: event })).toMatchObject({ enabled: true });
    },
  );

  it.each([
    ['a release', { GITHUB_EVENT_NAME: 'release' }, /release/],
    ['pull_request_target', { GITHUB_EVENT_NAME: 'pull_request_target' }, /pull_request_target/],
    ['workflow_run', { GITHUB_EVENT_NAME: 'workflow_run' }, /workflow_run/],
    ['a pushed tag', { GITHUB_REF_TYPE: 'tag', GITHUB_REF: 'refs/tags/v1' }, /tag/],
    ['a tag without its type', { GITHUB_REF_TYPE: undefined, GITHUB_REF: 'refs/tags/v1' }, /tag/],
    ['a tag by its type alone', { GITHUB_REF_TYPE: 'tag', GITHUB_REF: undefined }, /tag/],
    ['a dispatch on a tag', { GITHUB_EVENT_NAME: 'workflow_dispatch', GITHUB_REF_TYPE: 'tag' }, /tag/],
    ['a runner with Windows', { RUNNER_OS: 'Windows' }, /Windows/],
    ['a self-hosted runner', { RUNNER_ENVIRONMENT: 'self-hosted' }, /hosted/],
    ['a runner that does not say', { RUNNER_ENVIRONMENT: undefined }, /hosted/],
    ['an unknown event', { GITHUB_EVENT_NAME: undefined }, /event/],
  ])('is off for %s', (_, change, reason) => {
    expect(isCacheSafe({ ...HOSTED, ...change })).toEqual({
      enabled: false,
      reason: expect.stringMatching(reason),
    });
  });
});

describe('cache: true and false', () => {
  it('are the user’s word, wherever the job runs', () => {
    expect(decideCache('true', {}).enabled).toBe(true);
    expect(decideCache('false', HOSTED).enabled).toBe(false);
  });

  it('leave the decision to the environment when it is auto', () => {
    expect(decideCache('auto', HOSTED)).toEqual(isCacheSafe(HOSTED));
    expect(decideCache('auto', {})).toEqual(isCacheSafe({}));
  });
});
