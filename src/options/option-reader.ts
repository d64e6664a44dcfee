// Reads raw option values by the list of options, and keeps every problem instead of stopping at the first.
import { ProofgateError } from '../base/errors.ts';
import { findOption, labelOf, type OptionName, type Surface } from './option-list.ts';
import { parseBoolean, parseDuration, parseSize, parseWholeNumber } from './values.ts';

/** What the user gave, by option: each occurrence as it was written. Empty text counts as not given. */
export type RawOptions = Readonly<Partial<Record<OptionName, string | readonly string[]>>>;

/** One value of a list, and where it was written. */
export interface ListItem {
  readonly text: string;
  readonly where: string;
}

export class OptionReader {
  readonly problems: ProofgateError[] = [];
  readonly #raw: RawOptions;
  readonly #surface: Surface;

  constructor(raw: RawOptions, surface: Surface) {
    this.#raw = raw;
    this.#surface = surface;
  }

  /** The option as its user knows it. */
  label(name: OptionName): string {
    return labelOf(name, this.#surface);
  }

  isGiven(name: OptionName): boolean {
    return this.#occurrences(name).length > 0;
  }

  /** Every occurrence, untouched but for surrounding blanks; never the default. */
  texts(name: OptionName): readonly ListItem[] {
    const texts = this.#occurrences(name);
    return texts.map((text, index) => ({
      text: text.trim(),
      where: texts.length > 1 ? `${this.label(name)}, value ${index + 1}` : this.label(name),
    }));
  }

  /** The values of a list, or of its default; of those occurrences that are `wanted`. */
  list(name: OptionName, wanted: (text: string) => boolean = () => true): readonly ListItem[] {
    const option = findOption(name);
    const given = this.isGiven(name) ? this.#occurrences(name) : [option.default];
    const texts = given.filter((text) => wanted(text.trim()));
    const label = (index: number) =>
      texts.length > 1 ? `${this.label(name)}, value ${index + 1}` : this.label(name);
    return texts.flatMap((text, index) => splitLines(text, label(index), option.commas === true));
  }

  /** A single text; undefined when neither it nor a default was given. */
  text(name: OptionName): string | undefined {
    const texts = this.#occurrences(name);
    if (texts.length > 1) {
      this.add('BAD_OPTION', `${this.label(name)} is given ${texts.length} times`, 'Give it once.');
    }
    return texts[0]?.trim() || findOption(name).default || undefined;
  }

  boolean(name: OptionName): boolean {
    return this.parsed(name, parseBoolean) ?? false;
  }

  wholeNumber(name: OptionName, min: number, max: number): number {
    return this.parsed(name, (text) => parseWholeNumber(text, min, max)) ?? min;
  }

  /** Undefined when neither it nor a default was given. */
  optionalWholeNumber(name: OptionName, min: number, max: number): number | undefined {
    return this.parsed(name, (text) => parseWholeNumber(text, min, max));
  }

  durationMs(name: OptionName, maxMs?: number): number {
    return this.parsed(name, (text) => parseDuration(text, maxMs)) ?? 0;
  }

  bytes(name: OptionName): number {
    return this.parsed(name, parseSize) ?? 0;
  }

  /** What `work` returns; undefined when it threw, and then the problem is kept with where it is. */
  attempt<T>(where: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ProofgateError)) throw error;
      this.problems.push(placed(error, where));
      return undefined;
    }
  }

  add(code: 'BAD_OPTION' | 'BAD_IDENTITY', message: string, hint?: string): void {
    this.problems.push(new ProofgateError(code, message, hint === undefined ? {} : { hint }));
  }

  /** What `parse` makes of a single text; undefined when there is none, or it threw. */
  parsed<T>(name: OptionName, parse: (text: string) => T): T | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : this.attempt(this.label(name), () => parse(text));
  }

  #occurrences(name: OptionName): readonly string[] {
    const raw = this.#raw[name] ?? [];
    return (typeof raw === 'string' ? [raw] : raw).filter((text) => text.trim() !== '');
  }
}

function splitLines(text: string, label: string, commas: boolean): ListItem[] {
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, index) =>
    (commas ? line.split(',') : [line])
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part) => ({ text: part, where: lines.length > 1 ? `${label}, line ${index + 1}` : label })),
  );
}

function placed(error: ProofgateError, where: string): ProofgateError {
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new ProofgateError(error.code, `${where}: ${error.message}`, { cause: error, ...hint });
}
