// Plain text for people: colours or none, wrapped lines, and nothing in them that moves a cursor or commands a runner.
import { styleText } from 'node:util';
import wrapAnsi from 'wrap-ansi';
import { cutText } from './cut.ts';
import { defuseWorkflowCommand, toVisibleLine } from './escape.ts';

export type Style = Parameters<typeof styleText>[0];

export interface PaperOptions {
  readonly color: boolean;
  /** Columns; lines are wrapped at it, references are not broken. */
  readonly width: number;
}

/** Colours or not, and how wide. */
export interface Paper {
  paint(style: Style, text: string): string;
  /** Lines of at most the width, each behind `indent`. */
  wrap(text: string, indent: string): string[];
}

const MAX_TEXT = 2000;
/** Printable ASCII and Latin letters. */
const NARROW = /^[\x20-\x7e\u00a1-\u024f]*$/;

export function toPaper({ color, width }: PaperOptions): Paper {
  return {
    paint: (style, text) => (color ? styleText(style, text, { validateStream: false }) : text),
    wrap: (text, indent) =>
      wrapLine(clean(text), Math.max(20, width - indent.length)).map((line) => indent + line),
  };
}

/** One visible line of at most 2,000 UTF-16 units. */
export function clean(text: string): string {
  // Cut before as well: no work for what nobody will see.
  return cutText(toVisibleLine(cutText(text, MAX_TEXT + 1)), MAX_TEXT);
}

/** The lines as text, safe on a terminal and in the log of a GitHub runner. Each ends in a line break. */
export function toText(lines: readonly string[]): string {
  return lines.map((line) => `${defuseWorkflowCommand(line)}\n`).join('');
}

function wrapLine(line: string, width: number): string[] {
  return NARROW.test(line) ? wrapNarrow(line, width) : wrapAnsi(line, width, { hard: false }).split('\n');
}

/** As `wrapAnsi` does where each character takes one column: it measures, and is slow for a hundred thousand messages. */
function wrapNarrow(line: string, width: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const fit = rest.lastIndexOf(' ', width);
    const end = fit > 0 ? fit : rest.indexOf(' ');
    if (end === -1) break;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}
