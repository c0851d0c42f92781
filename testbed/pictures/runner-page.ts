import { createHttp } from '@hangar/runner/http';
import { StageHistory } from '@hangar/runner/stage-history';
import { aStageReport, aStepReport, linesFrom } from '@hangar/runner/testing/a-report';
import { anEntry, changed, left } from '@hangar/runner/testing/an-entry';
import type { Clock } from '@hangar/shared/clock';

/** Who may open the page. */
export const USER = { username: 'ada', password: 'engine' } as const;

const EVICTED = 'the Pod was evicted from its node: The node was low on resource: memory.';
const LOG = [
  '+ go test ./...',
  'ok      acme.test/widget/api      2.114s',
  'FAIL    acme.test/widget/store    0.871s',
];

/** Ended builds, latest first: how many minutes ago, and how they ended. */
const ENDED = [
  { id: 412, repo: 'acme/widget', minutesAgo: 2, status: 'failure', event: 'pull_request' },
  { id: 411, repo: 'acme/gadget', minutesAgo: 6, status: 'success', event: 'push' },
  { id: 410, repo: 'acme/pump', minutesAgo: 9, status: 'error', event: 'push' },
  { id: 409, repo: 'acme/widget', minutesAgo: 14, status: 'success', event: 'tag' },
] as const;

function recordEnded(history: StageHistory, nowMs: number, build: (typeof ENDED)[number]): void {
  const { id, repo, event, status } = build;
  const started = Math.floor(nowMs / 1000) - build.minutesAgo * 60 - 40;
  const evicted = status === 'error' ? { failure: 'evicted' as const } : {};
  const entry = anEntry({ stageId: id, buildNumber: id, repo, event, ...evicted });
  history.registryChanged(changed(entry));
  const steps = ['clone', 'build', 'test'].map((name, n) => {
    const failed = status === 'failure' && name === 'test';
    return aStepReport({
      ...{ id: id * 10 + n, stageId: id, number: n + 1, name, image: 'docker.io/library/golang:1.25' },
      ...{ started: started + n * 12, stopped: started + n * 12 + 11 },
      ...(failed ? { status: 'failure', exitCode: 1 } : { status: 'success' }),
    });
  });
  history.stageReported(aStageReport({ id, started, steps }));
  history.linesSent(id * 10 + 2, linesFrom(0, ...LOG));
  const error = status === 'error' ? EVICTED : '';
  history.stageReported(aStageReport({ id, started, stopped: started + 36, status, error, steps }));
  history.registryChanged(left(entry));
}

function historyOf(nowMs: number): StageHistory {
  const history = new StageHistory();
  for (const build of ENDED.toReversed()) recordEnded(history, nowMs, build);
  const about = { stageId: 413, buildNumber: 413, repo: 'acme/widget' };
  const open = [
    anEntry({ ...about, sinceMs: nowMs - 42_000, pod: 'drone-7f3k2q9xw1' }),
    anEntry({
      ...{
        stageId: 414,
        buildNumber: 414,
        repo: 'acme/pump',
        phase: 'waiting',
        sinceMs: nowMs - 15_000,
        pod: '',
      },
      reason: '3.5 of 4 CPU are in use, and this pipeline needs 1 CPU',
    }),
  ];
  for (const entry of open) history.registryChanged(changed(entry));
  history.stageReported(aStageReport({ id: 413, started: Math.floor(nowMs / 1000) - 42 }));
  return history;
}

/** The runner's dashboard on a working day. */
export const serveRunnerPage = (clock: Clock): Promise<Served> =>
  serveDashboard(clock, { history: historyOf(clock.now()), log: { records: [] } });

interface Served {
  readonly address: string;
  close(): Promise<void>;
}

/** The runner's pages with that history and log; {@link USER} may open them. */
export async function serveDashboard(
  clock: Clock,
  dashboard: NonNullable<Parameters<typeof createHttp>[0]['dashboard']>,
): Promise<Served> {
  const http = createHttp({
    clock,
    stages: () => [],
    ahead: () => [],
    signs: () => ({
      ...{ starting: '', stopping: false, leaseLostMs: undefined },
      ...{ watchStaleMs: 0, pollAgeMs: 800, pollTriedMs: 0 },
    }),
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('') },
    about: { machine: 'runner-5c9d7b-x2x4v', version: '0.1.0', capacity: 12 },
    ui: { user: USER.username, password: USER.password, realm: 'runner' },
    dashboard,
    token: undefined,
  });
  const address = await http.listen({ host: '127.0.0.1', port: 0 });
  return { address, close: () => http.close() };
}
