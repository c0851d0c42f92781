import type { IncomingMessage } from 'node:http';
import { errorText } from '@hangar/shared/error-text';
import { badRequest, requestTooLarge } from '../api/status-errors.ts';

const LARGEST_BODY_BYTES = 3 * 1024 * 1024;

/** The received body. @throws {ApiError} 413 above 3 MiB */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= LARGEST_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > LARGEST_BODY_BYTES) throw requestTooLarge(LARGEST_BODY_BYTES);
  return Buffer.concat(chunks).toString('utf8');
}

/** @throws {ApiError} 400 when the body is no JSON */
export function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    const cause = errorText(error);
    throw badRequest(`couldn't get version/kind; json parse error: ${cause}`);
  }
}
