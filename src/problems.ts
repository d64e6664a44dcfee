// Problems as lines that are safe on a terminal and in a runner's log: they quote what others wrote.
import type { ProofgateError } from './base/errors.ts';
import { defuseWorkflowCommand, toVisibleLine } from './report/escape.ts';

/** One line a problem, with what to do about it. */
export function renderProblems(problems: readonly ProofgateError[]): string[] {
  return problems.map(({ message, hint }) => {
    const text = hint === undefined ? message : `${message}. ${hint}`;
    return defuseWorkflowCommand(`- ${toVisibleLine(text)}`);
  });
}
