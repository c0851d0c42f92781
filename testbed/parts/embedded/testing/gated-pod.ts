import type { JsonRecord } from '@hangar/shared/json';

/** A step of a gated Pod, for tests; what is left out is an ordinary step of one shell script. */
export interface GatedStep {
  readonly name: string;
  readonly script?: string;
  readonly argv?: readonly string[];
  readonly image?: string;
  readonly role?: 'step' | 'background';
  readonly engine?: 'gate' | 'swap';
  readonly after?: readonly number[];
  readonly runs?: 'on-success' | 'on-failure' | 'always';
  readonly fails?: 'fail' | 'ignore' | 'fast';
  readonly env?: Readonly<Record<string, string>>;
}

/** Pod and Secret as runner/gate/PROTOCOL.md wants them. */
export function gatedPod(name: string, steps: readonly GatedStep[]): { pod: JsonRecord; secret: JsonRecord } {
  const numbered = steps.map((step, index) => ({ n: index + 1, ...step }));
  const stage = {
    version: 1,
    nonce: 'abcd1234',
    start: 'barrier',
    buildFailed: false,
    buildStarted: 1_768_383_006,
    failedSteps: [],
    droneEnv: { 'io.drone': 'true' },
    env: { CI: 'true', DRONE_WORKSPACE: '/drone/src' },
    steps: numbered.map((step) => ({
      ...{ role: 'step', engine: 'gate', after: [], runs: 'on-success', fails: 'fail' },
      ...step,
    })),
  };
  const files: Record<string, string> = { common: JSON.stringify(stage) };
  for (const { n, script = '', argv = ['/bin/sh', '/hangar/own/script'], env = {} } of numbered) {
    const stop = { stopSignal: 'SIGTERM', stopGraceMs: 500 };
    files[`own-${n}`] = JSON.stringify({ version: 1, n, argv, env, unset: [], pid1: false, ...stop });
    files[`script-${n}`] = script;
  }
  return {
    secret: { metadata: { name }, stringData: files },
    pod: { metadata: { name }, spec: podSpec(name, numbered) },
  };
}

function podSpec(secretName: string, steps: readonly (GatedStep & { readonly n: number })[]): JsonRecord {
  const items = steps.flatMap(({ n }) => [
    { key: `own-${n}`, path: `${n}/step.json` },
    { key: `script-${n}`, path: `${n}/script` },
  ]);
  const mount = (name: string, mountPath: string, subPath?: string) => ({ name, mountPath, subPath });
  const swapped = steps.filter(({ engine }) => engine === 'swap');
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    volumes: [
      ...['hangar-bin', 'hangar-state', 'hangar-drone', 'workspace'].map((name) => ({ name, emptyDir: {} })),
      {
        name: 'hangar-files',
        secret: { secretName, items: [{ key: 'common', path: 'common/stage.json' }, ...items] },
      },
      {
        name: 'hangar-pod',
        downwardAPI: {
          items: swapped.map(({ n }) => ({
            path: `result-${n}`,
            fieldRef: { fieldPath: `metadata.annotations['hangar.dev/result-${n}']` },
          })),
        },
      },
    ],
    initContainers: [
      {
        name: 'hangar-init',
        image: 'hangar-gate:1',
        command: ['/gate', 'init', ...steps.map(({ n }) => String(n))],
        volumeMounts: [
          mount('hangar-bin', '/hangar/bin'),
          mount('hangar-state', '/hangar/state'),
          mount('hangar-drone', '/run/drone'),
        ],
      },
    ],
    containers: steps.map(({ n, engine, image }) => ({
      name: `step-${n}`,
      image: engine === 'swap' ? 'hangar-gate:1' : (image ?? 'alpine:3'),
      ...(engine === 'swap' ? {} : { command: ['/hangar/bin/gate', 'run', String(n)] }),
      workingDir: '/drone/src',
      volumeMounts: [
        mount('hangar-bin', '/hangar/bin'),
        mount('hangar-state', '/hangar/state'),
        mount('hangar-state', `/hangar/state/${n}`, String(n)),
        mount('hangar-files', '/hangar/common', 'common'),
        mount('hangar-files', '/hangar/own', String(n)),
        mount('hangar-drone', '/run/drone', String(n)),
        mount('hangar-pod', '/hangar/pod'),
        mount('workspace', '/drone/src'),
      ],
    })),
  };
}
