// What the engine and its threads say to each other. A thread runs other people's policies: what it says is parsed.
import { z } from 'zod';
import type { Digest } from '../../base/digest.ts';
import type { PolicyProgram, PolicyRule, RuleReference } from '../engine.ts';
import type { EngineFiles } from './engine-files.ts';
import type { EvaluationLimits } from './runtime.ts';

/** What a thread is started with. */
export interface ThreadSettings {
  /** Read and compiled once in the process; threads share the code. */
  readonly files: EngineFiles;
  /** Of each evaluation. */
  readonly limits: EvaluationLimits;
}

/** From the engine to a thread. `id` names a piece of work, for the life of the thread. */
export type Order =
  | {
      readonly type: 'compile';
      readonly id: number;
      readonly digest: Digest;
      readonly program: PolicyProgram;
    }
  | {
      readonly type: 'evaluate';
      readonly id: number;
      /** Of a program that this thread has compiled. */
      readonly digest: Digest;
      readonly input: string;
      readonly rules: readonly RuleReference[];
    }
  /** JSON text; without it, the call is undefined in Rego's sense. */
  | { readonly type: 'answer'; readonly id: number; readonly call: number; readonly value?: string }
  /** The work still ends with `failed`, or with its result when that was faster. */
  | { readonly type: 'cancel'; readonly id: number };

export type OrderOf<T extends Order['type']> = Extract<Order, { readonly type: T }>;

const id = z.int().nonnegative();

const annotation = z.object({
  scope: z.enum(['rule', 'document', 'package', 'subpackages']),
  title: z.string().exactOptional(),
  description: z.string().exactOptional(),
  custom: z.record(z.string(), z.unknown()).exactOptional(),
});

const rule = z.object({
  package: z.string(),
  name: z.string(),
  path: z.string(),
  row: z.int().positive(),
  kind: z.enum(['set', 'object', 'complete', 'function']),
  type: z.string(),
  annotations: z.array(annotation).readonly(),
  literalCode: z.string().exactOptional(),
}) satisfies z.ZodType<PolicyRule>;

const noticeSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('compiled'), id, rules: z.array(rule).readonly() }),
  z.strictObject({
    type: z.literal('evaluated'),
    id,
    /** JSON texts, in the order of the question; null: undefined in Rego's sense. */
    values: z.array(z.string().nullable()),
    printed: z.array(z.string()),
  }),
  z.strictObject({
    type: z.literal('failed'),
    id,
    /** Does not compile · more time, or memory, than an evaluation may use · any other end of an evaluation. */
    reason: z.enum(['policy', 'time', 'memory', 'evaluation']),
    message: z.string(),
  }),
  z.strictObject({
    type: z.literal('call'),
    id,
    call: id,
    name: z.string(),
    /** JSON text of an array. */
    args: z.string(),
  }),
  /** The engine in the thread is gone. */
  z.strictObject({ type: z.literal('died'), isLimit: z.boolean(), message: z.string() }),
  /** The thread still reads its messages. */
  z.strictObject({ type: z.literal('alive') }),
]);

/** From a thread to the engine. */
export type Notice = z.infer<typeof noticeSchema>;
export type NoticeOf<T extends Notice['type']> = Extract<Notice, { readonly type: T }>;

/** Undefined when it has none of the shapes above. */
export function parseNotice(message: unknown): Notice | undefined {
  return noticeSchema.safeParse(message).data;
}
