/** Commands of runbooks. The label `namespace` of an alert is that of the program; its Pods are found by a label of the chart. */
type Program = 'runner' | 'autoscaler';

const selected = (program: Program): string => `-n "$NAMESPACE" -l hangar.dev/component=${program}`;

/** The Pods of a program, and where they run. */
export const podsOf = (program: Program): string => `kubectl get pods ${selected(program)} -o wide`;

/** The end of the logs of a program. */
export const logsOf = (program: Program): string => `kubectl logs ${selected(program)} --prefix --tail=200`;

/** A review of settings, server and permissions, from a Pod of the runner. */
export const DOCTOR = `kubectl exec -n "$NAMESPACE" "$(kubectl get pods ${selected('runner')} -o name | head -n 1)" -- hangar-runner doctor`;

/** Exit codes and the reasons of restarts. */
export const describeOf = (program: Program): string => `kubectl describe pods ${selected(program)}`;

/** An answer of a program's HTTP server, from a Pod of it. Its port has a name in the chart: the number is a setting. */
export const answerOf = (program: Program, path: string): string => {
  const port = program === 'runner' ? 3000 : 3001;
  const pod = `$(kubectl get pods ${selected(program)} -o name | head -n 1)`;
  return `kubectl port-forward -n "$NAMESPACE" "${pod}" ${port}:http & sleep 2; curl -s http://127.0.0.1:${port}${path}; kill $!`;
};

/** Pods of pipelines, in every namespace. */
export const BUILD_PODS = 'kubectl get pods -A -l app.kubernetes.io/managed-by=hangar-runner';
/** What the scheduler reports about them. */
export const SCHEDULER_EVENTS = 'kubectl get events -A --field-selector reason=FailedScheduling';
/** Events of the program's namespace, the newest last. */
export const EVENTS = 'kubectl get events -n "$NAMESPACE" --sort-by=.lastTimestamp';
/** Nodes with their pools. */
export const NODES = 'kubectl get nodes -L node.kubernetes.io/instance-type';
/** The checks of the API server. Quoted: zsh takes the question mark for a pattern. */
export const API_HEALTH = "kubectl get --raw '/readyz?verbose'";
