// What the toolkit prints (workflow commands and plain lines), reduced to what the outcome needs.
import { redactUrl } from '../base/redaction.ts';

const MAX_PROBLEMS = 8;
const MAX_CHARS = 300;
const RESERVATION = /^::debug::Failed to reserve cache: (.*)$/;
const PROBLEM = /^::(?:warning|error)[^:]*::(.*)$/;
const ATTEMPT = /^Attempt \d+ of \d+ failed with error: (.*)\. Retrying request in/;
const CRASH = /^(\w*Error\b.*)$/;

/** Feed it lines. It keeps little, however much is printed: tar names every file that it cannot write. */
export class Transcript {
  /** The service named an archive: from here on files may have been written. */
  hasHit = false;
  /** The service refuses to read or to write, by policy. */
  isDenied = false;
  /** Somebody saved under this key before. */
  isDuplicate = false;
  /** Why the toolkit asked once more. */
  lastAttempt: string | undefined;
  readonly #problems: string[] = [];

  read(line: string): void {
    if (line.startsWith('Cache hit for')) this.hasHit = true;
    if (/cache (?:read|write) denied/.test(line)) this.isDenied = true;
    const attempt = ATTEMPT.exec(line)?.[1];
    if (attempt !== undefined) this.lastAttempt = toPrintable(attempt);
    const refusal = RESERVATION.exec(line)?.[1];
    if (refusal?.includes('(409)')) this.isDuplicate = true;
    const text = refusal ?? PROBLEM.exec(line)?.[1] ?? CRASH.exec(line)?.[1];
    if (text !== undefined && this.#problems.length < MAX_PROBLEMS) this.#problems.push(toPrintable(text));
  }

  /** The toolkit's last word is its summary; undefined when it had nothing to complain about. */
  get problem(): string | undefined {
    return this.#problems.at(-1);
  }
}

/** One line without control characters, and without the signatures that URLs carry. */
export function toPrintable(text: string): string {
  return text
    .replaceAll(/%0D|%0A/g, ' ')
    .replaceAll('%25', '%')
    .replaceAll(/[^\P{C}]+/gu, ' ')
    .replaceAll(/https?:\/\/[^\s"'<>]+/g, (url) => redactUrl(url))
    .slice(0, MAX_CHARS)
    .trim();
}
