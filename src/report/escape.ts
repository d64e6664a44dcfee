// Every escape that the renderers use. Names, references, identities and messages are written by others:
// whoever signs, names or serves an image may try to forge a line of the report.

// Controls, format characters (bidirectional overrides, zero-width, tags), lone surrogates, line separators.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** One line in which everything invisible is written out as `\u{…}`; line breaks and tabs become one space. */
export function toVisibleLine(text: string): string {
  return text
    .replace(/[\r\n\t]+/g, ' ')
    .trim()
    .replace(INVISIBLE, toWrittenOut);
}

function toWrittenOut(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/**
 * The line without anything that a GitHub runner, which reads every line of standard output, takes for a
 * command: `::name::` at its start, or `##[name]` anywhere. Apply it after wrapping.
 */
export function defuseWorkflowCommand(line: string): string {
  return line.replace(/^(\s*):(?=:)/, '$1: ').replaceAll('##[', '# #[');
}

// Two kinds of characters: what starts or ends something in Markdown or HTML is text when written as an entity
// (CommonMark, "Entity references"). But GitHub looks for mentions, issue numbers, formulas and bare URLs in
// the *rendered* text, where an entity is gone: there a tag in between helps. The `@` of a digest is no mention.
// A `_` inside a word, as in most codes, is never emphasis (CommonMark, rules 2 and 4).
const STRUCTURE = /[&<>|\\`*[\]~^"']|(?<![a-z0-9])_|_(?![a-z0-9])|^[-+=]|(?<=^\d{1,9})[.)]/;
const LINKIFIED = /@(?!sha(?:256|512):)|(?<!\w)@|#|\$|(?<=:)\/\/|(?<=www)\./;
const MARKDOWN = new RegExp(`(${STRUCTURE.source})|(${LINKIFIED.source})`, 'gi');

/** Text for a paragraph, a list item or a table cell of GitHub's Markdown, on one line. */
export function escapeMarkdown(text: string): string {
  return toVisibleLine(text).replace(MARKDOWN, (found: string, structure: string | undefined) =>
    structure === undefined ? `<span>${found}</span>` : `&#${structure.charCodeAt(0)};`,
  );
}

/** Text for a name or a reference, set as code. Not a backtick span: `|` in those differs between renderers. */
export function toMarkdownCode(text: string): string {
  return text === '' ? '' : `<code>${escapeMarkdown(text)}</code>`;
}

// XML 1.0 (fifth edition), production 2 `Char`: not even a character reference may name these.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const XML_FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Cs}]/gu;
// Line breaks and tabs as references: a parser normalises the bare ones (sections 2.11 and 3.3.3).
const XML_SPECIAL = /[&<>"'\t\n\r]/g;

/** Text for XML content and attribute values. What XML 1.0 cannot hold is written out as `\u{…}`. */
export function escapeXml(text: string): string {
  return text
    .replace(XML_FORBIDDEN, toWrittenOut)
    .replace(XML_SPECIAL, (character) => `&#${character.charCodeAt(0)};`);
}

/** Plain text of a SARIF message: `[text](target)` in it stays text (SARIF 2.1.0, 3.11.6). */
export function escapeSarifMessage(text: string): string {
  return text.replace(/(\\*)\]\(/g, '$1$1\\](');
}

/**
 * An address that a page may link to, in ASCII and without quotes, or nothing: `javascript:`, credentials and relative
 * addresses are refused.
 */
export function toHttpUrl(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 2_000 || !URL.canParse(text)) return undefined;
  const { protocol, username, password, href } = new URL(text);
  if (!/^https?:$/.test(protocol) || username !== '' || password !== '') return undefined;
  return href.replace(/['"`<>|\\^{}]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`);
}
