// The rules of a SARIF run: every built-in check, and each rule of a policy that a result comes from.
import { CHECKS, type Check, checkOf, checkOrder, type Described, ruleTitle } from './checks.ts';
import { cutText } from './cut.ts';
import { escapeMarkdown, escapeSarifMessage, toHttpUrl, toVisibleLine } from './escape.ts';

/** GitHub shows no more of a rule's name, its descriptions and its help. */
const MAX_ID = 255;
const MAX_DESCRIPTION = 1_024;
const MAX_HELP = 4_000;

export interface RulePointer {
  readonly ruleId: string;
  readonly ruleIndex: number;
}

/** Numbers the rules; the built-in checks come first, and are there even when nothing is wrong. */
export class SarifRules {
  readonly all: object[] = Object.values(CHECKS).map(toCheckRule);
  readonly #indexes = new Map<string, number>();

  add(described: Described): void {
    if (checkOf(described) !== undefined) return;
    const id = idOf(described);
    if (this.#indexes.has(id)) return;
    this.#indexes.set(id, this.all.length);
    this.all.push(toPolicyRule(id, described));
  }

  /** Only of what was added. */
  pointerTo(described: Described): RulePointer {
    const check = checkOf(described);
    if (check !== undefined) return { ruleId: check.code, ruleIndex: checkOrder(described) };
    const ruleId = idOf(described);
    return { ruleId, ruleIndex: this.#indexes.get(ruleId) ?? -1 };
  }
}

/** A policy's rule that borrows the code of a built-in check must not pass for it. */
function idOf({ code = '' }: Described): string {
  const id = cutText(toVisibleLine(code), MAX_ID - 'policy:'.length);
  return id === '' || Object.hasOwn(CHECKS, id) ? `policy:${id}` : id;
}

function toCheckRule({ code, name, title, description, help }: Check): object {
  return {
    id: code,
    name,
    shortDescription: { text: title },
    fullDescription: { text: description },
    help: { text: help, markdown: help },
    // No security-severity: GitHub would show it in place of the level, which tells rejected from undetermined.
    defaultConfiguration: { level: 'error' },
    properties: { tags: ['security', 'supply-chain'], precision: 'very-high' },
  };
}

function toPolicyRule(id: string, described: Described): object {
  const { rule } = described;
  const title = ruleTitle(described);
  const helpUri = toHttpUrl(rule?.docsUrl);
  const help = cutText(rule?.solution || rule?.description || title, MAX_HELP);
  const link = helpUri === undefined ? '' : ` [Documentation](<${helpUri}>)`;
  return {
    id,
    name: id,
    shortDescription: { text: toPlain(title) },
    fullDescription: { text: toPlain(rule?.description || title) },
    help: {
      text: escapeSarifMessage(help),
      markdown: escapeMarkdown(help) + link,
    },
    ...(helpUri === undefined ? {} : { helpUri }),
    defaultConfiguration: { level: 'error' },
    properties: { tags: ['policy', 'supply-chain'] },
  };
}

function toPlain(text: string): string {
  return escapeSarifMessage(cutText(toVisibleLine(text), MAX_DESCRIPTION));
}
