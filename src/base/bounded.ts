// Many pieces of work, a bounded number of them under way.

/**
 * Runs `work` for each item, at most `limit` at once, and returns the results in the items' order.
 * The first failure rejects; what has begun goes on, nothing new begins. Callers that must not lose
 * results return failures as values.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(items.length);
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
