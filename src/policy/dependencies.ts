// What policies call consequences: results that mean nothing once what they depend on was reported.

export interface Dependent {
  readonly code?: string;
  /** Codes. */
  readonly dependsOn: readonly string[];
}

/**
 * Tells which results to leave out: those that depend on codes which all were reported. A code that in turn depends
 * on the result does not count, so that whoever leaves something out has reported what it follows from.
 * @param reported every violation and warning
 * @returns true: leave it out
 */
export function consequencesOf(reported: readonly Dependent[]): (result: Dependent) => boolean {
  const graph = new Map<string, Set<string>>();
  for (const { code, dependsOn } of reported) {
    if (code === undefined) continue;
    const known = graph.get(code) ?? new Set();
    for (const dependency of dependsOn) known.add(dependency);
    graph.set(code, known);
  }
  return ({ code, dependsOn }) =>
    dependsOn.length > 0 &&
    dependsOn.every((other) => graph.has(other) && (code === undefined || !leadsTo(graph, other, code)));
}

/** True when `from` is `to`, or depends on it over any number of steps. */
function leadsTo(graph: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let code = open.pop(); code !== undefined; code = open.pop()) {
    if (code === to) return true;
    if (seen.has(code)) continue;
    seen.add(code);
    open.push(...(graph.get(code) ?? []));
  }
  return false;
}
