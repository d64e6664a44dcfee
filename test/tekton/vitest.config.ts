import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/tekton/*.test.ts'],
    globalSetup: ['test/tekton/support/build.ts'],
    // Each case runs two containers or more, on a machine that may have two cores.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
  },
});
