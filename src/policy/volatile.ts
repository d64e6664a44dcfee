// Which entries of a volatile configuration count for one component at one moment.
import type { Digest } from '../base/digest.ts';
import { formatRepository, type Repository } from '../oci/reference.ts';
import type { VolatileCriterion } from './config.ts';

/** What entries are scoped by. */
export interface ComponentScope {
  readonly name: string;
  readonly repository: Repository;
  /** Of the manifest that is looked at: of a child, when an index was expanded. */
  readonly digest: Digest;
}

/** Both dates inclusive. */
export function isActive(entry: VolatileCriterion, atMs: number): boolean {
  const { effectiveOnMs = Number.NEGATIVE_INFINITY, effectiveUntilMs = Number.POSITIVE_INFINITY } = entry;
  return effectiveOnMs <= atMs && atMs <= effectiveUntilMs;
}

/** True when the entry holds for every component, or names this one. */
export function appliesTo({ scope }: VolatileCriterion, component: ComponentScope): boolean {
  if (scope.type === 'all') return true;
  if (scope.type === 'digest') return scope.digest === component.digest;
  if (scope.type === 'components') return scope.names.some((name) => isNamed(name, component));
  return formatRepository(scope.repository) === formatRepository(component.repository);
}

/**
 * The children of an index are named after it: `name-<own digest>-<architecture>`. The digest has to be the child's
 * own: a component that is merely called so gets no exception that was granted to another.
 */
function isNamed(name: string, component: ComponentScope): boolean {
  if (component.name === name) return true;
  const prefix = `${name}-${component.digest}-`;
  return component.name.startsWith(prefix) && /^\S+$/.test(component.name.slice(prefix.length));
}
