import type { FlagSpec } from './flags.ts';

const GROUP = 'What the Pod is made with';

const row = (
  name: string,
  kind: FlagSpec['kind'],
  help: string,
  value = kind === 'number' ? 'N' : 'TEXT',
): FlagSpec => ({ name, kind, help, group: GROUP, ...(kind === 'flag' || kind === 'map' ? {} : { value }) });

/** Flags for what a daemon has as settings (previous-runner §2.2); `DRONE_*` and `HANGAR_*` variables count too, flags win. */
export const SETTINGS_FLAGS: readonly FlagSpec[] = [
  row('namespace', 'text', 'namespace of the Pod where the pipeline names none'),
  row('secrets', 'map', 'a secret of the pipeline; seen in the list of processes, so better:'),
  row('secret-file', 'list', 'secrets from a file of NAME=value lines', 'FILE'),
  row('environ', 'map', 'a variable of every step, also for ${} in the file'),
  row('labels', 'map', 'a label of the Pod'),
  row('volumes', 'map', 'folder of the host=path in every step; :ro behind it makes it read-only'),
  row('privileged', 'list', 'one more image that runs privileged', 'IMAGE'),
  row('policy', 'text', 'policy file', 'FILE'),
  row('gate-image', 'text', 'image of the gate (HANGAR_GATE_IMAGE)', 'IMAGE'),
  row('clone-image', 'text', 'image of the clone step (DRONE_IMAGE_CLONE)', 'IMAGE'),
  row('service-account', 'text', 'service account where the pipeline names none', 'NAME'),
  row('limit-memory', 'number', 'memory limit of each container in MiB'),
  row('limit-cpu', 'number', 'CPU limit of each container in millicores'),
  row('request-memory', 'number', 'memory request of the Pod in MiB (100)'),
  row('request-cpu', 'number', 'CPU request of the Pod in millicores (100)'),
  row('min-request-memory', 'number', 'least memory request of a container in MiB (4)'),
  row('min-request-cpu', 'number', 'least CPU request of a container in millicores (1)'),
  row('netrc-clone-only', 'flag', 'only the clone step gets the Git credentials'),
  row('tmate-enabled', 'flag', 'debug sessions for builds with the debug mark'),
  row('tmate-image', 'text', 'image that carries tmate', 'IMAGE'),
  row('tmate-server-host', 'text', 'own tmate server'),
  row('tmate-server-port', 'text', 'its port'),
  row('tmate-server-rsa-fingerprint', 'text', 'its RSA host key'),
  row('tmate-server-ed25519-fingerprint', 'text', 'its Ed25519 host key'),
];
