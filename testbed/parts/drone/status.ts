const UNDONE: ReadonlySet<string> = new Set(['waiting_on_dependencies', 'blocked', 'pending', 'running']);
const FAILED: ReadonlySet<string> = new Set(['failure', 'error', 'killed']);

/** True unless the server still waits for it; unknown and empty words count as done (drone-rpc §3.10, §2.4). */
export function isDone(status: string): boolean {
  return !UNDONE.has(status);
}

/** True for the words that count as failed (drone-rpc §3.10). */
export function isFailed(status: string): boolean {
  return FAILED.has(status);
}

/** True for the two words that make a PUT a start; anything else is a finish (drone-rpc §2.4, §2.5). */
export function isStart(status: string): boolean {
  return status === 'pending' || status === 'running';
}
