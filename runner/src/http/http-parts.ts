import type { Clock } from '@hangar/shared/clock';
import type { StageAhead } from '@hangar/shared/contract/demand';
import type { RecentLog } from '../history/recent-log.ts';
import type { StageHistory } from '../history/stage-history.ts';
import type { RegisteredStage } from '../stage-registry.ts';
import type { Credentials } from './basic-auth.ts';
import type { Signs } from './health.ts';

/** What the dashboard shows beside the registry. */
export interface DashboardSources {
  readonly history: StageHistory;
  readonly log: Pick<RecentLog, 'records'>;
}

/** What the HTTP side shows. Every call looks anew. */
export interface HttpParts {
  readonly clock: Clock;
  readonly stages: () => readonly RegisteredStage[];
  /** Stages of running builds that are still to come. */
  readonly ahead: () => readonly StageAhead[];
  readonly signs: () => Signs;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly about: { readonly machine: string; readonly version: string; readonly capacity: number };
  /** Absent: no dashboard. */
  readonly ui: Credentials | undefined;
  /** What the dashboard shows. */
  readonly dashboard: DashboardSources | undefined;
  /** The bearer token that the names of repositories need. Absent: `/demand` is open, and `/stages` needs what the dashboard needs. */
  readonly token: string | undefined;
}
