// The policies of one run, compiled and ready: one component and its proofs in, one verdict out.
import { Slots } from '../base/bounded.ts';
import { ProofgateError, toProofgateError } from '../base/errors.ts';
import type { ImageSource } from '../oci/image-source.ts';
import type { ComponentHost } from './builtins/host.ts';
import { readImageFacts } from './builtins/image-facts.ts';
import { criteriaFor } from './criteria.ts';
import { type EffectiveTime, effectiveTimeOf } from './effective-time.ts';
import type { CompiledPolicy, Engine, RuleReference } from './engine.ts';
import { renderInput } from './input.ts';
import type { LoadedGroup, LoadedPolicy } from './loaded-policy.ts';
import { mergeVerdicts, toVerdict } from './outcome.ts';
import { describeRules, type RuleBook } from './rule-description.ts';
import { selectRules } from './selection.ts';
import type { PolicyAnswer, PolicyEvaluator, PolicySubject, PolicyVerdict } from './verdict.ts';

export interface PoliciesOptions {
  readonly loaded: LoadedPolicy;
  readonly effectiveTime: EffectiveTime;
  readonly engine: Engine;
  /** What the policies of one component ask with. */
  readonly host: () => ComponentHost;
  readonly images: ImageSource;
  /** Most components whose input is in memory at once. */
  readonly concurrency: number;
  /** Verdicts carry the input that they are about. */
  readonly keepInput: boolean;
}

interface Group {
  readonly loaded: LoadedGroup;
  readonly compiled: CompiledPolicy;
  readonly book: RuleBook;
}

/** What all groups of one component are asked with. */
interface Question {
  readonly subject: PolicySubject;
  readonly input: string;
  readonly host: ComponentHost;
}

export class Policies implements PolicyEvaluator {
  readonly #options: PoliciesOptions;
  readonly #groups: readonly Group[];
  readonly #slots: Slots;

  private constructor(options: PoliciesOptions, groups: readonly Group[]) {
    this.#options = options;
    this.#groups = groups;
    this.#slots = new Slots(options.concurrency);
  }

  /**
   * Compiles every source group; there is at least one.
   * @throws ProofgateError `BAD_POLICY`, what the engine throws, or the reason of `signal`
   */
  static async open(options: PoliciesOptions, signal?: AbortSignal): Promise<Policies> {
    const compiling = options.loaded.groups.map(async (loaded): Promise<Group> => {
      const compiled = await options.engine.compile(loaded.program, signal);
      return { loaded, compiled, book: describeRules(compiled.rules) };
    });
    return new Policies(options, await Promise.all(compiling));
  }

  async evaluate(subject: PolicySubject, signal?: AbortSignal): Promise<PolicyAnswer> {
    const { images, loaded, host: createHost } = this.#options;
    const facts = await readImageFacts(images, subject.repository, subject.manifest, signal);
    return this.#slots.run(async () => {
      signal?.throwIfAborted();
      const host = createHost();
      const input = renderInput(subject, facts, loaded.specJson);
      const verdict = await this.#ask({ subject, input, host }, signal);
      return { verdict, keep: () => host.keep() };
    });
  }

  async #ask(question: Question, signal: AbortSignal | undefined): Promise<PolicyVerdict> {
    // No group, no verdict: nothing may pass because nobody asked.
    if (this.#groups.length === 0) throw new ProofgateError('POLICY_EMPTY', 'the policy has no sources');
    const asked = await Promise.allSettled(
      this.#groups.map((group) => this.#askGroup(group, question, signal)),
    );
    signal?.throwIfAborted();
    const failed = asked.find((group) => group.status === 'rejected');
    const merged = mergeVerdicts(asked.flatMap((group) => (group.status === 'fulfilled' ? group.value : [])));
    return {
      ...merged,
      ...(failed === undefined ? {} : { failure: toProofgateError(failed.reason) }),
      ...(this.#options.keepInput ? { input: question.input } : {}),
    };
  }

  async #askGroup(
    { loaded, compiled, book }: Group,
    { subject, input, host }: Question,
    signal: AbortSignal | undefined,
  ): Promise<PolicyVerdict> {
    const { effectiveTime } = this.#options;
    const { name, repository, manifest, attestations } = subject;
    const component = { name, repository, digest: manifest.digest };
    const { configuration } = this.#options.loaded;
    const criteria = criteriaFor(loaded, configuration, component, effectiveTime.ms);
    const rules = selectRules(book, criteria);
    const { values } = await evaluate(compiled, input, rules, host, signal);
    return toVerdict({
      book,
      criteria,
      values,
      effectiveTime: effectiveTimeOf(effectiveTime, attestations),
    });
  }
}

/** Nothing selected is nothing to ask; whoever judges says what that means. */
async function evaluate(
  compiled: CompiledPolicy,
  input: string,
  rules: readonly RuleReference[],
  host: ComponentHost,
  signal: AbortSignal | undefined,
) {
  if (rules.length === 0) return { values: [] };
  return compiled.evaluate(input, rules, host.functions, signal);
}
