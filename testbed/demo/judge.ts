import type { BuildStageView, BuildView } from '../parts/drone/views.ts';
import type { DemoCase } from './cases.ts';

/** What is known of a build when it is judged. */
export interface Evidence {
  readonly build: BuildView;
  /** What a step printed; empty if nothing is known. */
  readonly log: (stage: string, step: string) => string;
  /** The reason for its wait as the runner reported it; empty if it did not wait. */
  readonly waited: string;
  /** Values that must be in no log. */
  readonly secrets: readonly string[];
}

/** The outcome of a build: differences from the expected one, and the line that describes it best. */
export interface CaseResult {
  readonly problems: readonly string[];
  readonly line: string;
}

type Step = BuildStageView['steps'][number];

/** Compares a build with what its case expects. Pure. */
export function judge(one: DemoCase, evidence: Evidence): CaseResult {
  const { build } = evidence;
  const line = tellingLine(one, evidence);
  const error = firstError(build);
  // The rest would only repeat this.
  if (build.status !== one.expected && error !== '')
    return { problems: [`it is ${build.status}, not ${one.expected}: ${error}`], line: error };
  const problems = [
    ...(build.status === one.expected ? [] : [`it is ${build.status}, not ${one.expected}`]),
    ...stepProblems(one, build),
    ...(line === undefined ? [`${placeOf(one)} has no line like ${String(one.telling.line)}`] : []),
    ...leaks(evidence),
  ];
  return { problems, line: line ?? error };
}

function stepProblems(one: DemoCase, build: BuildView): string[] {
  const steps = evidenceSteps(build);
  const clones = steps.filter(({ name, status }) => name === 'clone' && status !== 'success');
  const others = steps.filter(({ name }) => name !== 'clone');
  const names = others.map(({ name }) => name);
  const wanted = one.steps.map(({ name }) => name);
  if (names.join() !== wanted.join())
    return [`its steps are ${names.join(', ') || 'none'}, not ${wanted.join(', ') || 'none'}`];
  const wrong = others.flatMap((step, index) => {
    const { ends = '', or } = one.steps[index] ?? {};
    if (fits(step, ends) || (or !== undefined && fits(step, or))) return [];
    return [`step ${step.name} is ${step.status} ${step.exit_code}, not ${ends}`];
  });
  return [...clones.map((step) => `clone is ${step.status} ${step.exit_code}`), ...wrong];
}

/** `failure` fits every exit code, `failure 2` only one. */
function fits(step: Step, ends: string): boolean {
  return ends === step.status || ends === `${step.status} ${step.exit_code}`;
}

function tellingLine(one: DemoCase, { build, log, waited }: Evidence): string | undefined {
  const { telling } = one;
  switch (telling.from) {
    case 'wait':
      return telling.line.test(waited) ? waited : undefined;
    case 'stage-error':
      return build.stages.map(({ error }) => error).find((error) => telling.line.test(error));
    case 'log':
      return build.stages
        .flatMap((stage) => log(stage.name, telling.step).split('\n'))
        .find((line) => telling.line.test(line));
  }
}

function placeOf({ telling }: DemoCase): string {
  switch (telling.from) {
    case 'wait':
      return 'the reason of its wait';
    case 'stage-error':
      return 'its error';
    case 'log':
      return `the log of ${telling.step}`;
  }
}

function leaks({ build, log, secrets }: Evidence): string[] {
  return build.stages.flatMap((stage) =>
    stage.steps
      .filter((step) => secrets.some((secret) => log(stage.name, step.name).includes(secret)))
      .map((step) => `a secret is in the log of ${step.name}`),
  );
}

/** The steps of all stages in order. */
export function evidenceSteps(build: BuildView): readonly Step[] {
  return build.stages.flatMap((stage) => stage.steps);
}

function firstError(build: BuildView): string {
  return (
    [...build.stages, ...evidenceSteps(build)].map(({ error }) => error).find((error) => error !== '') ?? ''
  );
}
