const LEFT_BY_LOST_LEASE =
  'a Pod whose removal meets the loss of the Lease is removed by nobody (launch/remove-pod.ts)';

/** Kinds of faults that the level leaves out, with the reason, until the runner stands them. `npm run chaos` runs all. */
export const KNOWN_TROUBLE: ReadonlyMap<string, string> = new Map([
  ['Kubernetes answers 401', 'a refused DELETE leaves the Pod of an ended stage (launch/remove-pod.ts)'],
  ['Kubernetes answers 403', 'a refused DELETE leaves the Pod of an ended stage (launch/remove-pod.ts)'],
  ['watches silent', 'issue 11, 1.12: a silent watch is noticed after 120 s, longer than the level may take'],
  ['SIGSTOP', LEFT_BY_LOST_LEASE],
  ['partition from Kubernetes', LEFT_BY_LOST_LEASE],
  ['outage of Kubernetes', LEFT_BY_LOST_LEASE],
]);
