/** An answer of the RPC layer other than success: the status and the plain text of its body (drone-rpc §2.0). */
export class RpcFailure extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

/** The text of every lock conflict. */
export const LOCK_TEXT = 'Optimistic Lock Error';

/** 409: the version was stale, or somebody else has the stage. */
export const lockConflict = (): RpcFailure => new RpcFailure(409, LOCK_TEXT);

/** 500 for an id that is in no table. */
export const noRows = (): RpcFailure => new RpcFailure(500, 'sql: no rows in result set');
