/** Does all work, at most `limit` pieces at once; results in the order of the pieces. */
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
