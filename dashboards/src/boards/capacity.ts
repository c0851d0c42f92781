import { AUTOSCALER_METRICS as METRICS } from '@hangar/autoscaler/metrics';
import type { Board } from '../board/board.ts';
import { CAPACITY_GLANCE_ROW, DEMAND_ROW } from './capacity-demand.ts';
import { DECISION_ROW, MONEY_ROW, NODE_ROW } from './capacity-nodes.ts';
import { CAPACITY_EVENTS } from './events.ts';
import { scopeVariables } from './scope-variables.ts';

/** For the people who pay for nodes, and those who wait for them. */
export const CAPACITY_BOARD: Board = {
  uid: 'hangar-capacity',
  title: 'Capacity: do we have the right number of nodes?',
  description:
    'Demand, actual and recommended nodes, waits and idle capacity. Read the rows from top to bottom.',
  variables: [
    ...scopeVariables(METRICS.info, 'autoscaler_job'),
    {
      name: 'pool',
      label: 'Pool',
      query: `label_values(${METRICS.poolNodes.name}{cluster=~"$cluster", namespace=~"$namespace", job=~"$autoscaler_job"}, pool)`,
    },
  ],
  events: CAPACITY_EVENTS,
  rows: [CAPACITY_GLANCE_ROW, DEMAND_ROW, NODE_ROW, MONEY_ROW, DECISION_ROW],
};
