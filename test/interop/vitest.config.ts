import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/interop/*.test.ts'],
    // A case starts half a dozen real processes on a machine that may have two cores.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
