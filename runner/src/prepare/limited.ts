/** Runs all tasks, at most `limit` at the same time; results in the order of the tasks. */
export async function mapLimited<T, R>(
  pieces: readonly T[],
  limit: number,
  work: (piece: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = pieces.entries();
  const worker = async (): Promise<void> => {
    for (const [index, piece] of queue) results[index] = await work(piece);
  };
  await Promise.all(Array.from({ length: Math.min(limit, pieces.length) }, worker));
  return results;
}
