// Builds the image once, before the first test. The tests find it by what is provided here.
import { dirname } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildArguments, type ImageFacts } from '../../../scripts/image.ts';
import { buildBase } from './base-image.ts';
import { Containers } from './containers.ts';

export const ROOT = dirname(dirname(dirname(import.meta.dirname)));

export interface BuiltImage {
  /** Of the containers' storage. */
  readonly folder: string;
  readonly name: string;
  readonly digest: string;
  readonly facts: ImageFacts;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly built: BuiltImage;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const containers = Containers.open();
  try {
    const facts = {
      base: await buildBase(containers),
      version: '0.0.0-test',
      source: 'https://git.test/proofgate',
      revision: 'f'.repeat(40),
      epoch: 1_700_000_000,
    };
    const name = 'localhost/proofgate:test';
    const digest = await containers.build(ROOT, name, buildArguments(facts));
    project.provide('built', { folder: containers.folder, name, digest, facts });
  } catch (error) {
    await containers.close();
    throw error;
  }
  return () => containers.close();
}
