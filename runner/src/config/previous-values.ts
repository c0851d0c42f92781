import type { Environment } from '@hangar/shared/config';

/** Numbers of the previous runner that it read with a sign, and took for 0 below it (previous-runner §1.3, §4.18). */
const SIGNED = [
  'DRONE_RUNNER_CAPACITY',
  'DRONE_RESOURCE_LIMIT_CPU',
  'DRONE_RESOURCE_REQUEST_CPU',
  'DRONE_RESOURCE_MIN_REQUEST_CPU',
  'DRONE_ENGINE_CONTAINER_START_TIMEOUT',
  'DRONE_KUBE_CLIENT_QPS',
  'DRONE_KUBE_CLIENT_BURST',
] as const;

const NEGATIVE = /^-(0[xX][0-9a-fA-F]+|\d+(\.\d+)?)$/;

/** Values with which the previous runner started, as Hangar reads them, each with a warning. Pure. */
export function readAsBefore(env: Environment): { env: Environment; warnings: readonly string[] } {
  const negative = SIGNED.filter((name) => NEGATIVE.test(env[name]?.trim() ?? ''));
  const zeros = Object.fromEntries(negative.map((name) => [name, '0']));
  return {
    env: { ...env, ...zeros },
    warnings: negative.map((name) => `${name}=${env[name]} counts as 0. Write 0, or unset ${name}`),
  };
}

/** Ports by the names that listen addresses commonly have (`:http`); the previous runner looked them up in the system's table. */
export const PORT_NAMES: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
  ['http-alt', 8080],
]);
