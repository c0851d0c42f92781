import type { AlertRule } from './alert-rule.ts';
import { CAPACITY_ALERTS, SERVICE_ALERTS } from './autoscaler-alerts.ts';
import { FAILURE_ALERTS, FLOW_ALERTS } from './runner-flow-alerts.ts';
import { HEALTH_ALERTS, SERVER_ALERTS } from './runner-server-alerts.ts';

/** All alerts, in the order of the documents. */
export const ALERTS: readonly AlertRule[] = [
  ...FLOW_ALERTS,
  ...FAILURE_ALERTS,
  ...SERVER_ALERTS,
  ...HEALTH_ALERTS,
  ...SERVICE_ALERTS,
  ...CAPACITY_ALERTS,
];
