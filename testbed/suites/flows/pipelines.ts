/** Pipelines that flows run on both clusters. Images are local to the test cluster, ignored by the embedded one. */
export const BUSYBOX = 'docker.io/library/busybox:latest';

/** A YAML text of one pipeline with the given steps. */
export function pipeline(steps: string, more = ''): string {
  return `kind: pipeline\ntype: kubernetes\nname: default\n${more}\nsteps:\n${steps}`;
}

/** One step with commands. */
export function step(name: string, commands: readonly string[], more = ''): string {
  return `- name: ${name}\n  image: ${BUSYBOX}\n  commands:\n${commands.map((one) => `  - ${JSON.stringify(one)}\n`).join('')}${more}`;
}

/** What the server knows of each step: name, status, exit code. */
export function stepResults(build: {
  stages: readonly { steps: readonly { name: string; status: string; exit_code: number }[] }[];
}): readonly (readonly [string, string, number])[] {
  return build.stages.flatMap((stage) =>
    stage.steps.map((one) => [one.name, one.status, one.exit_code] as const),
  );
}
