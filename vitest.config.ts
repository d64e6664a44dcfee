import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**'],
    testTimeout: 30_000,
    // Two cores are the smallest machine that the tests are meant for.
    maxWorkers: 2,
    // It imports JSON without the attribute that Node asks for.
    server: { deps: { inline: ['@actions/workflow-parser'] } },
  },
});
