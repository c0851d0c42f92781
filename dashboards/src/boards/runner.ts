import { RUNNER_METRICS as METRICS } from '@hangar/shared/contract/runner-metrics';
import type { Board } from '../board/board.ts';
import { RUNNER_EVENTS } from './events.ts';
import { FLOW_ROW, RUNNER_GLANCE_ROW } from './runner-flow.ts';
import { API_ROW, FAILURE_ROW, HEALTH_ROW } from './runner-trouble.ts';
import { scopeVariables } from './scope-variables.ts';

/** For those who have to find out why a build does not progress. */
export const RUNNER_BOARD: Board = {
  uid: 'hangar-runner',
  title: 'Runner: are builds flowing?',
  description:
    'Stages of the runners, waits and their reasons, failures and who has to act. Read the rows from top to bottom.',
  variables: [
    ...scopeVariables(METRICS.info, 'runner_job'),
    {
      name: 'instance',
      label: 'Runner',
      query: `label_values(${METRICS.info.name}{cluster=~"$cluster", namespace=~"$namespace", job=~"$runner_job"}, instance)`,
    },
  ],
  events: RUNNER_EVENTS,
  rows: [RUNNER_GLANCE_ROW, FLOW_ROW, FAILURE_ROW, API_ROW, HEALTH_ROW],
};
