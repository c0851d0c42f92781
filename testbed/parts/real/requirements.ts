import { lacking, remedyText } from '../../machine/judge.ts';
import type { Need } from '../../machine/needs.ts';
import { surveyMachine } from '../../machine/survey.ts';
import type { Layout } from './plan/layout.ts';

/** What this machine can't do, with the cure in its message; the command line exits with code 78. */
export class MachineRefusal extends Error {
  override readonly name = 'Refusal';
}

/** Refuses unless this machine has all that is needed for `what`. Throws a MachineRefusal that names what is missing and the remedy. */
export async function demandMachine(what: string, needs: readonly Need[], layout: Layout): Promise<void> {
  const lacks = lacking(needs, await surveyMachine(needs, layout));
  if (lacks.length > 0) throw new MachineRefusal(`${what} ${remedyText(lacks)}`);
}
