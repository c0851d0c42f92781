import { errorText } from '@hangar/shared/error-text';
import { type Cluster, isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { type LogRefusal, type LogSource, LogSourceError } from '../ports/log-source.ts';

/** The API server's log endpoint as a source of logs. */
export function clusterLogSource(cluster: Cluster): LogSource {
  return {
    open: async ({ namespace, pod, container, sinceTime, signal }) => {
      try {
        return await cluster.log(
          { namespace, pod, container, follow: true, ...(sinceTime ? { sinceTime } : {}) },
          signal,
        );
      } catch (error) {
        if (signal.aborted) throw error;
        throw new LogSourceError(refusalOf(error), errorText(error), {
          cause: error,
        });
      }
    },
  };
}

function refusalOf(error: unknown): LogRefusal {
  if (isKubernetesError(error, 400)) return 'not-ready';
  if (isKubernetesError(error, 403)) return 'forbidden';
  return isKubernetesError(error, 404) ? 'gone' : 'unavailable';
}
