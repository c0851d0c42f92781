import { describe, expect, it } from 'vitest';
import { startPracticeServer } from '../parts/drone/practice-server.ts';
import type { BuildView } from '../parts/drone/views.ts';
import type { DemoCase } from './cases.ts';
import { judge } from './judge.ts';

const CASE: DemoCase = {
  name: 'hello',
  shows: 'one step',
  expected: 'success',
  steps: [{ name: 'greet', ends: 'success 0' }],
  telling: { from: 'log', step: 'greet', line: /^hello$/ },
};

/** A build as the server has it before it runs, merged with what a runner would have reported. */
async function build(status: string, steps: readonly object[], error = ''): Promise<BuildView> {
  const drone = await startPracticeServer({ secret: 'test' });
  const view = drone.createBuild({ yaml: 'kind: pipeline\ntype: kubernetes\nname: default\n' });
  await drone.close();
  return { ...view, status, stages: view.stages.map((stage) => ({ ...stage, error, steps })) } as BuildView;
}

const step = (name: string, status: string, exit_code = 0) => ({ name, status, exit_code, error: '' });
const evidence = (view: BuildView, log: string) => ({
  build: view,
  log: () => log,
  waited: '',
  secrets: ['open-sesame'],
});

describe('judge', () => {
  const right = [step('clone', 'success'), step('greet', 'success')];

  it('finds nothing wrong where status, steps and log are as expected, and picks the telling line', async () => {
    const verdict = judge(CASE, evidence(await build('success', right), '+ echo hello\nhello\n'));
    expect(verdict).toEqual({ problems: [], line: 'hello' });
  });

  it.each([
    { what: 'another exit code', steps: [step('greet', 'success', 78)], says: 'step greet is success 78' },
    { what: 'another status', steps: [step('greet', 'skipped')], says: 'step greet is skipped 0' },
    { what: 'a step too few', steps: [step('clone', 'success')], says: 'its steps are none, not greet' },
    {
      what: 'a failed clone',
      steps: [step('clone', 'failure', 1), step('greet', 'success')],
      says: 'clone is failure 1',
    },
  ])('tells of $what', async ({ steps, says }) => {
    const { problems } = judge(CASE, evidence(await build('success', steps), 'hello\n'));
    expect(problems.join('\n')).toContain(says);
  });

  it('reports a log without the line, and a secret in it', async () => {
    const view = await build('success', right);
    const { problems } = judge(CASE, evidence(view, 'hello open-sesame\n'));
    expect(problems).toEqual([
      'the log of greet has no line like /^hello$/',
      'a secret is in the log of clone',
      'a secret is in the log of greet',
    ]);
  });

  it('reports only the error of a build with an error', async () => {
    const view = await build('error', [], 'no such image');
    expect(judge(CASE, evidence(view, ''))).toEqual({
      problems: ['it is error, not success: no such image'],
      line: 'no such image',
    });
  });

  it('takes another right answer where there are two', async () => {
    const either = { ...CASE, steps: [{ name: 'greet', ends: 'killed', or: 'success' }] };
    const view = await build('success', right);
    expect(judge(either, evidence(view, 'hello\n')).problems).toEqual([]);
    const neither = { ...CASE, steps: [{ name: 'greet', ends: 'killed' }] };
    expect(judge(neither, evidence(view, 'hello\n')).problems).toEqual([
      'step greet is success 0, not killed',
    ]);
  });
});
