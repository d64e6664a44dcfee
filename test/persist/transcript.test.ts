import { describe, expect, it } from 'vitest';
import { Transcript, toPrintable } from '../../src/persist/transcript.ts';

function read(...lines: string[]): Transcript {
  const transcript = new Transcript();
  for (const line of lines) transcript.read(line);
  return transcript;
}

describe('what the toolkit prints', () => {
  it('says that an archive was found, by its key or by a prefix', () => {
    expect(read('Cache hit for: k').hasHit).toBe(true);
    expect(read('Cache hit for restore-key: k').hasHit).toBe(true);
    expect(read('::debug::Cache hit for: k').hasHit).toBe(false);
  });

  it('is a duplicate only with status 409: every refusal is called one by the toolkit', () => {
    const refused = (status: string) =>
      read(
        `::debug::Failed to reserve cache: Error: Failed to CreateCacheEntry: Failed request: (${status}) x`,
        'Failed to save: Unable to reserve cache with key k, another job may be creating this cache.',
      );
    expect(refused('409').isDuplicate).toBe(true);
    expect(refused('503').isDuplicate).toBe(false);
    expect(refused('503').problem).toContain('(503)');
  });

  it('has its summary as the reason, and nothing to say when all went well', () => {
    expect(read('::warning::first', '::warning::Failed to restore: second').problem).toBe(
      'Failed to restore: second',
    );
    expect(read('::debug::x', 'Cache Size: ~0 MB (1 B)').problem).toBeUndefined();
  });

  it('is kept small, however much there is', () => {
    const transcript = read(...Array.from({ length: 100_000 }, () => `::warning::${'x'.repeat(1000)}`));
    expect(JSON.stringify(transcript.problem).length).toBeLessThan(400);
  });
});

describe('a reason that is printed', () => {
  it('carries no signature of a URL, no command and no escape sequence', () => {
    const text = toPrintable('a%0A::error::b%0D\u001b[31m https://u:p@x.test/blob?sig=SECRET&se=1 c\n::stop');
    expect(text).not.toMatch(/SECRET|u:p|\p{Cc}/u);
    expect(text).toContain('https://x.test/blob?sig=REDACTED');
  });

  it('is short', () => {
    expect(toPrintable('x'.repeat(10_000)).length).toBeLessThanOrEqual(300);
  });
});
