/**
 * Reads all bytes of a stream.
 *
 * @param tooMany creates the error if there are more than `limitBytes`
 */
export async function readBytes(
  stream: AsyncIterable<unknown>,
  limitBytes: number,
  tooMany: () => Error,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) continue;
    bytes += chunk.length;
    if (bytes > limitBytes) throw tooMany();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
