import {
  amount,
  count,
  flag,
  id,
  list,
  object,
  oneWord,
  orNull,
  ref,
  type Schema,
  text,
  texts,
} from '@hangar/shared/openapi/schema';

/** What names a stage. */
const STAGE: Readonly<Record<string, Schema>> = {
  stageId: id('Id of the stage at the Drone server.', 2),
  stage: text('Name of the pipeline.', 'default'),
  buildId: id('Id of the build at the Drone server.', 10),
  build: id('Number of the build in its repository.', 7),
  repo: text('Repository of the build.', 'acme/widget'),
  event: text('Event of the build, such as `push`, `pull_request`, `tag` or `cron`.', 'push'),
};

const REQUEST: Readonly<Record<string, Schema>> = {
  cpuMillicores: count('millicores', 'CPU request of its Pod. 0: not known yet.', 500),
  memoryBytes: count('bytes', 'Memory request of its Pod. 0: not known yet.', 536_870_912),
};

const POD = text('Name of its Pod. Empty: there is none yet.', 'drone-abc');

const Stage = object('A stage that this replica is working on.', {
  ...STAGE,
  state: oneWord(
    'Where it is. `reporting`: it has ended, and the Drone server has not accepted its end or its logs yet.',
    ['waiting', 'preparing', 'starting', 'running', 'reporting'],
  ),
  reason: text('Why it waits. Empty: it does not wait.', '5 of 5 pipelines are in use'),
  since: text('Since when it is in this state, in RFC 3339. Empty: not known.', '2026-01-14T10:35:00.000Z'),
  pod: { ...POD, examples: [''] },
  adopted: flag('Whether it was taken over from a replica that is no longer running.', false),
  ...REQUEST,
});

const TIMES: Readonly<Record<string, Schema>> = {
  started: text('When it started, in RFC 3339. Empty: it has not started.', '2026-01-14T09:33:30.000Z'),
  stopped: text('When it ended, in RFC 3339. Empty: it has not ended.', '2026-01-14T09:34:40.000Z'),
};

const SHOWN: Readonly<Record<string, Schema>> = {
  ...STAGE,
  pod: POD,
  state: text(
    'Its state as in `/stages` while this replica runs it, then its result, such as `success`, `failure`, `error` or `killed`. `left`: another replica continues it.',
    'failure',
  ),
  reason: text(
    'Why it waits or failed. Empty: there is nothing to explain.',
    'step test failed: exit code 3',
  ),
  remedy: text(
    'What to do about the failure. Empty: there is no failure, or it is the result of a step.',
    '',
  ),
  title: text('First line of the title or of the commit message.', 'Add a widget'),
  author: text('Login of the author.', 'ada'),
  ref: text('Git reference of the build.', 'refs/heads/main'),
  commit: text('Commit of the build.', '1f2d3c4b5a69788796a5b4c3d2e1f00112233445'),
  ...TIMES,
};

const unixTime = (description: string, example: number): Schema =>
  amount('seconds since 1970', description, example);

const Step = object('One step of a stage, as it was last reported.', {
  id: id('Id of the step at the Drone server. 0: it has none yet.', 12),
  number: id('Number of the step in its stage, from 1.', 2),
  name: text('Name of the step.', 'test'),
  image: text('Image of the step.', 'golang:1.26'),
  status: text(
    'State of the step: `pending`, `running`, `success`, `failure`, `error`, `killed` or `skipped`.',
    'failure',
  ),
  exitCode: id('Exit code of the step. 0: it succeeded, or it has not ended.', 3),
  error: text('Error of the step. Empty: it has none.', ''),
  notStored: text(
    'What the Drone server has refused to store of the step, such as its log. Empty: nothing.',
    'its log is not stored: HTTP 413',
  ),
  started: unixTime('When it started. 0: it has not started.', 1_768_383_214),
  stopped: unixTime('When it ended. 0: it has not ended.', 1_768_383_280),
});

const Ahead = object('A stage of a running build that waits for others (`depends_on`).', {
  ...STAGE,
  waitsFor: texts('Names of the stages that it still waits for.', ['test']),
  expectedAt: orNull(
    text('When it is expected, by the medians of earlier runs, in RFC 3339.', '2026-01-14T10:36:00.000Z'),
    'not known',
  ),
  cpuMillicores: orNull(count('millicores', 'CPU request of its last run.', 500), 'not known'),
  memoryBytes: orNull(count('bytes', 'Memory request of its last run.', 536_870_912), 'not known'),
});

const LogRecord = object("One record of the runner's own log.", {
  time: text('When it was logged, in RFC 3339.', '2026-01-14T09:33:00.000Z'),
  level: oneWord('Level of the record.', ['info', 'trace', 'debug', 'warn', 'error']),
  text: text('The message.', 'listening'),
  fields: {
    type: 'object',
    description: 'All other fields; `stageId` names the stage that the record is about.',
    examples: [{ port: 3000 }],
  },
});

/** All named schemas of the runner's JSON. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Health: object('The result of a probe.', {
    ok: flag('Whether the probe succeeds.', false),
    reasons: texts('Why the probe fails. Empty: it succeeds.', [
      'the Drone server last answered a poll 200 s ago',
    ]),
  }),
  Demand: object('Work of this replica that the scheduler cannot see yet, and all of its stages by state.', {
    waiting: list('Stages without a Pod that the scheduler is allowed to place.', ref('Stage', 'One stage.')),
    total: ref('Sum', 'What the stages in `waiting` request together.'),
    ahead: list(
      'Stages of running builds that wait for others, earliest first. They are not included in any sum.',
      ref('Ahead', 'One stage.'),
    ),
    states: object('What all stages of a state request together.', {
      waiting: ref('Sum', 'Stages that are prepared or wait for admission.'),
      starting: ref('Sum', 'Stages that are admitted and do not run yet.'),
      running: ref('Sum', 'Stages that run.'),
    }),
  }),
  Stages: object('All stages of this replica.', {
    stages: list('Waiting stages first, then by time in their state.', ref('Stage', 'One stage.')),
  }),
  Stage,
  Ahead,
  Sum: object('A number of stages, and what they request together.', {
    stages: count('stages', 'Number of stages.', 1),
    cpuMillicores: count('millicores', 'CPU requests of all their Pods.', 500),
    memoryBytes: count('bytes', 'Memory requests of all their Pods.', 536_870_912),
  }),
  Dashboard: object('Stages of this replica, and the latest that have ended.', {
    stages: list('Stages as in `/stages`.', ref('Stage', 'One stage.')),
    recent: list('Stages that have ended, latest first; at most 200.', ref('EndedStage', 'One stage.')),
  }),
  EndedStage: object('A stage that has ended.', SHOWN),
  StageView: object('One stage with its steps.', {
    ...SHOWN,
    steps: list('Steps by number. Empty: none was reported yet.', ref('Step', 'One step.')),
  }),
  Step,
  Log: object("The latest records of the runner's own log.", {
    records: list('Records, oldest first; at most 250.', ref('LogRecord', 'One record.')),
  }),
  LogRecord,
  Error: object('A request that was refused.', {
    error: text('Why it was refused.', 'authentication required'),
  }),
};
