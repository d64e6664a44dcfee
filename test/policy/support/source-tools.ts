// What fetches sources in tests: a real HTTP and registry client, and no sleeping.
import { createHttpClient } from '../../../src/oci/http-client.ts';
import { Registry } from '../../../src/oci/registry.ts';
import type { SourceLimits, SourceTools } from '../../../src/policy/sources/source-tools.ts';
import { FakeClock } from '../../support/clock.ts';

export interface TestTools extends SourceTools, AsyncDisposable {}

export interface TestToolsOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly offline?: boolean;
  readonly limits?: Partial<SourceLimits>;
}

/** Use as `await using tools = testTools()`. */
export function testTools(options: TestToolsOptions = {}): TestTools {
  const { offline = false, limits = {} } = options;
  const environment = { PATH: process.env.PATH, HOME: '/nonexistent', ...options.environment };
  const clock = new FakeClock();
  const registry = new Registry({ environment, insecureRegistries: new Set(), clock, offline });
  return {
    images: registry,
    http: createHttpClient(registry.transport),
    environment,
    offline,
    limits,
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

/** A signal that nobody aborts. */
export const never = (): AbortSignal => new AbortController().signal;
