import { writeFileSync } from 'node:fs';
import { type ProgramProcess, startProgram } from './program-process.ts';

/** What a runner's process is started with. */
export interface RunnerProcessSpec {
  /** Where its kubeconfig is written to. */
  readonly folder: string;
  readonly kubeconfig: string;
  readonly droneHost: string;
  readonly secret: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Starts `hangar-runner daemon` and waits until its HTTP side is up; rejects with what it said when it ends before. */
export function startRunnerProcess(spec: RunnerProcessSpec): Promise<ProgramProcess> {
  const kubeconfig = `${spec.folder}/runner-kubeconfig`;
  writeFileSync(kubeconfig, spec.kubeconfig);
  return startProgram({
    program: 'runner',
    command: 'daemon',
    folder: spec.folder,
    env: {
      DRONE_RPC_HOST: spec.droneHost,
      DRONE_RPC_PROTO: 'http',
      DRONE_RPC_SECRET: spec.secret,
      DRONE_RUNNER_NAME: 'runner-process',
      DRONE_KUBERNETES_CONFIG: kubeconfig,
      DRONE_SERVER_PORT: '127.0.0.1:0',
      ...spec.env,
    },
  });
}
