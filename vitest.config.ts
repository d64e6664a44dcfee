import { defineConfig } from 'vitest/config';

/** Where CI wants the results as JSON, beside the usual ones: so it can call the very command that people call. */
const { TEST_REPORT: json } = process.env;

export default defineConfig({
  test: {
    ...(json ? { reporters: ['default', 'json'], outputFile: { json } } : {}),
    include: ['test/**/*.test.ts'],
    exclude: ['test/conforma/**', 'test/interop/**', 'test/tekton/**'],
    testTimeout: 30_000,
    // Two cores are the smallest machine that the tests are meant for.
    maxWorkers: 2,
    // It imports JSON without the attribute that Node asks for.
    server: { deps: { inline: ['@actions/workflow-parser'] } },
  },
});
