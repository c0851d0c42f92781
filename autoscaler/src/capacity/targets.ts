import type { V1EndpointSlice } from '@kubernetes/client-node';

/** A Service whose endpoints are runners. */
export interface RunnerService {
  readonly namespace: string;
  readonly name: string;
  /** The name of the port, or its number as the Service's EndpointSlices have it. */
  readonly port: string;
}

/** Reads `namespace/name:port`. */
export function parseRunnerService(text: string): RunnerService | undefined {
  const [, namespace, name, port] =
    /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253}):([a-z0-9-]{1,15})$/.exec(text.trim()) ?? [];
  return namespace === undefined || name === undefined || port === undefined
    ? undefined
    : { namespace, name, port };
}

/** Reads an address of a runner; undefined when it is none. @returns without path and trailing slash */
export function parseRunnerUrl(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  // They would be ignored: request paths are appended to the address, and the token is HANGAR_AUTOSCALER_RUNNER_TOKEN.
  if (url.search + url.hash + url.username + url.password !== '') return undefined;
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

const host = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** Undefined where the EndpointSlice has no such port: it is never guessed, since anything may listen at a number. */
const portOf = ({ ports }: V1EndpointSlice, wanted: string): number | undefined =>
  (ports ?? []).find(({ name, port }) => name === wanted || String(port) === wanted)?.port;

/**
 * Addresses behind a Service. A runner that isn't ready still has stages: it counts until it is terminating for good
 * (`serving` false).
 *
 * @returns each once, in order
 */
export function targetsOf(slices: readonly V1EndpointSlice[], service: RunnerService): readonly string[] {
  const found = slices.flatMap((slice) => {
    const port = portOf(slice, service.port);
    if (port === undefined) return [];
    return (slice.endpoints ?? [])
      .filter(({ conditions }) => !(conditions?.terminating === true && conditions.serving === false))
      .flatMap(({ addresses }) => addresses.slice(0, 1))
      .map((address) => `http://${host(address)}:${port}`);
  });
  return [...new Set(found)].sort();
}
