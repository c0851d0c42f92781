import { loadConfig } from '@hangar/autoscaler/config';
import { readPageFile } from '@hangar/autoscaler/page';
import { createService, type Service } from '@hangar/autoscaler/service';
import { noMemory } from '@hangar/autoscaler/trace/trace-memory';
import type { Clock } from '@hangar/shared/clock';
import { silentLogger } from '@hangar/shared/logger';

/** The HTTP side of the capacity service, listening on loopback. */
export interface ServedPage {
  readonly address: string;
  /** What the page shows; a test puts in what it wants to see. */
  readonly ledger: Service['ledger'];
  close(): Promise<void>;
}

/** The whole service as it is assembled, but without ticks: its data is set by the test. */
export async function servePage(clock: Clock): Promise<ServedPage> {
  const loaded = loadConfig({
    HANGAR_AUTOSCALER_KUBERNETES: 'off',
    HANGAR_AUTOSCALER_RUNNERS: 'http://127.0.0.1:9',
  });
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const source = { get: () => Promise.reject(new Error('nobody is asked')) };
  const parts = { clock, log: silentLogger, source, cluster: undefined, memory: noMemory };
  const { ledger, http } = createService({ ...parts, version: 'test', page: readPageFile() }, loaded.ok);
  const address = await http.listen({ host: '127.0.0.1', port: 0 });
  return { address: `${address}/`, ledger, close: () => http.close() };
}
