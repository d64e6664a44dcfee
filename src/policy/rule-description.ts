// What the rules of a source group say of themselves in their METADATA, and which of them decide a release.
import { ProofgateError } from '../base/errors.ts';
import { type EffectiveOn, parseEffectiveOn } from './effective-on.ts';
import type { PolicyRule, RuleAnnotation, RuleReference } from './engine.ts';

/** `failure`: its results are violations · `warning`: they are warnings. Severity and date may still change that. */
export type RuleClass = 'failure' | 'warning';

/** A rule that decides, whether it is annotated or not: what include and exclude lists are held against. */
export interface DecidingRule {
  readonly package: string;
  readonly name: string;
  /** `package.short_name`; of a rule without short name, the code that it writes as a literal, or `package.name`. */
  readonly code: string;
  readonly collections: readonly string[];
  readonly pipelineIntention: readonly string[];
}

/** A deciding rule whose METADATA gives it a short name: it has a code, and is a success when it does not fire. */
export interface RuleDescription extends DecidingRule {
  readonly shortName: string;
  readonly title?: string;
  readonly description?: string;
  readonly solution?: string;
  readonly effectiveOn?: EffectiveOn;
  /** Codes: with all of them reported, what this rule says is a consequence, and left out. */
  readonly dependsOn: readonly string[];
  readonly docsUrl?: string;
}

/** The rules of one source group. */
export interface RuleBook {
  readonly deciding: readonly DecidingRule[];
  readonly descriptions: ReadonlyMap<string, RuleDescription>;
  /** Packages that define `exception`. */
  readonly exceptions: ReadonlySet<string>;
}

/** A rule of this name says which others do not hold (as in Conftest). */
export const EXCEPTION = 'exception';

const FAILURE = /^(?:deny|violation)(?:_[a-zA-Z0-9]+)*$/;
const WARNING = /^warn(?:_[a-zA-Z0-9]+)*$/;
/** What can never be a list of texts and objects; `any` and unions are looked at when they have a value. */
const UNUSABLE_TYPE = /^(?:boolean|number|null|string|(?:set|array)\[(?:boolean|number|null)\])$/;

/** `undefined`: a helper, which decides nothing. */
export function ruleClassOf(name: string): RuleClass | undefined {
  if (FAILURE.test(name)) return 'failure';
  return WARNING.test(name) ? 'warning' : undefined;
}

/** `package.name`: two rules of one name in one package are one to Rego. */
export function toRuleKey(rule: RuleReference): string {
  return `${rule.package}.${rule.name}`;
}

/**
 * Reads the METADATA of all rules of one source group.
 * @throws ProofgateError `BAD_POLICY` when two rules have one code, or when a deciding rule cannot give results
 */
export function describeRules(rules: readonly PolicyRule[]): RuleBook {
  const deciding: DecidingRule[] = [];
  const firsts = new Map<string, Annotated>();
  const descriptions = new Map<string, RuleDescription>();
  for (const rule of rules.filter(({ name }) => ruleClassOf(name) !== undefined)) {
    refuseUnusable(rule);
    const annotation = rule.annotations.find((one) => isOwn(one) && shortNameOf(one) !== '');
    if (annotation === undefined) {
      deciding.push(toUndescribed(rule));
      continue;
    }
    const description = toDescription(rule, annotation);
    const { code } = description;
    const first = firsts.get(code) ?? { rule, annotation };
    if (first.rule !== rule && !isSameDocument(first, { rule, annotation })) {
      throw duplicateCode(code, first.rule, rule);
    }
    firsts.set(code, first);
    deciding.push(description);
    descriptions.set(code, description);
  }
  const exceptions = rules.filter(({ name, kind }) => name === EXCEPTION && kind !== 'function');
  return { deciding, descriptions, exceptions: new Set(exceptions.map((rule) => rule.package)) };
}

/** What a package says of itself is no rule's: with a short name it would be every rule's of that package. */
function isOwn({ scope }: RuleAnnotation): boolean {
  return scope === 'rule' || scope === 'document';
}

interface Annotated {
  readonly rule: PolicyRule;
  readonly annotation: RuleAnnotation;
}

/** Several bodies under one METADATA block of scope `document` are one rule. */
function isSameDocument(first: Annotated, second: Annotated): boolean {
  const areDocuments = first.annotation.scope === 'document' && second.annotation.scope === 'document';
  return areDocuments && first.rule.package === second.rule.package && first.rule.name === second.rule.name;
}

function shortNameOf({ custom }: RuleAnnotation): string {
  const value = memberOf(custom, 'short_name');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function toUndescribed(rule: PolicyRule, annotation = rule.annotations.find(isOwn)): DecidingRule {
  const custom = annotation?.custom;
  return {
    package: rule.package,
    name: rule.name,
    code: rule.literalCode ?? `${dottedPath(rule)}.${rule.name}`,
    collections: toTexts(memberOf(custom, 'collections')),
    pipelineIntention: toTexts(memberOf(custom, 'pipeline_intention')),
  };
}

function toDescription(rule: PolicyRule, annotation: RuleAnnotation): RuleDescription {
  const { custom } = annotation;
  const shortName = shortNameOf(annotation);
  const effectiveOn = parseEffectiveOn(memberOf(custom, 'effective_on'));
  const solution = memberOf(custom, 'solution');
  const docsUrl = toDocsUrl(rule, shortName);
  return {
    ...toUndescribed(rule, annotation),
    code: `${dottedPath(rule)}.${shortName}`,
    shortName,
    dependsOn: toTexts(memberOf(custom, 'depends_on')),
    ...(annotation.title ? { title: annotation.title } : {}),
    ...(annotation.description ? { description: withoutXrefs(annotation.description) } : {}),
    ...(typeof solution === 'string' && solution !== '' ? { solution: withoutXrefs(solution) } : {}),
    ...(effectiveOn === undefined ? {} : { effectiveOn }),
    ...(docsUrl === undefined ? {} : { docsUrl }),
  };
}

/** A text, or a list of which the texts count; empty ones do not. */
export function toTexts(value: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.filter((item): item is string => typeof item === 'string' && item !== '');
}

function memberOf(custom: RuleAnnotation['custom'], name: string): unknown {
  return custom?.[name];
}

/** Policies join the segments of a path with dots, also those that Rego writes as `a["b-c"]`. */
function dottedPath(rule: PolicyRule): string {
  return rule.package.replaceAll(/\["([^"\]]*)"\]/g, '.$1');
}

/** AsciiDoc's `xref:page.adoc#anchor[label]` leads nowhere outside of the policy's documentation. */
function withoutXrefs(text: string): string {
  return text.replaceAll(/xref:[^\s[\]]{1,400}\[([^\]]{0,400})\]/g, '$1');
}

/** Conforma documents its own policies, by the folder that they are in. Of others, no page is known. */
function toDocsUrl(rule: PolicyRule, shortName: string): string | undefined {
  const [, folder] =
    /\b(?:conforma|enterprise-contract)\/.*\/(release|pipeline|task|build_task|stepaction)\//.exec(
      rule.path,
    ) ?? [];
  if (folder === undefined) return undefined;
  const name = dottedPath(rule).split('.').at(-1) ?? '';
  const anchor = encodeURIComponent(`${name}__${shortName}`);
  return `https://conforma.dev/docs/policy/packages/${folder}_${encodeURIComponent(name)}.html#${anchor}`;
}

function refuseUnusable(rule: PolicyRule): void {
  const isList = rule.kind === 'set' || rule.kind === 'complete';
  if (isList && !UNUSABLE_TYPE.test(rule.type)) return;
  const found = isList ? `a value of type ${rule.type}` : `a ${rule.kind}`;
  throw new ProofgateError(
    'BAD_POLICY',
    `${place(rule)}: ${toRuleKey(rule)} is ${found}, which gives no results`,
    {
      hint: `Write it as a set: ${rule.name} contains result if { … }, where result is a text or an object with "msg".`,
    },
  );
}

function duplicateCode(code: string, first: PolicyRule, second: PolicyRule): ProofgateError {
  const places = `${place(first)} and ${place(second)}`;
  return new ProofgateError('BAD_POLICY', `two rules have the code ${code}: ${places}`, {
    hint: 'Give one of them another short_name, or take one of the two sources out of the group.',
  });
}

function place(rule: PolicyRule): string {
  return `${rule.path}:${rule.row}`;
}
