import {
  amount,
  byName,
  count,
  flag,
  list,
  object,
  oneWord,
  orNull,
  ref,
  type Schema,
  text,
} from '@hangar/shared/openapi/schema';
import { rangeByShape } from './common-schemas.ts';

/** A parameter is a number, or CPU and memory. */
const parameterValue = (description: string): Schema => ({
  description,
  oneOf: [{ type: 'number' }, { $ref: '#/components/schemas/Resources' }],
  examples: [603],
  'x-unit': 'as in `meaning`',
});

const NOTE: Readonly<Record<string, Schema>> = {
  name: text('Name of the parameter.', 'podSeconds'),
  meaning: text(
    'Meaning of the parameter, with its unit.',
    'average seconds for which a Pod holds its request',
  ),
  source: text('Where the published value comes from.', 'fitted between 601.4 and 603.7 with all else held'),
  reading: oneWord('How certain the published value is.', ['our interpretation', 'fitted', 'published']),
};

const cells = (description: string): Schema =>
  byName(
    description,
    '4cpu-8gb',
    object('Nodes of one shape.', {
      low: orNull(count('nodes', 'Nodes for the level "low".', 87), 'no Pod fits on such a node'),
      high: orNull(count('nodes', 'Nodes for the level "high".', 121), 'no Pod fits on such a node'),
    }),
  );

const Assumptions = object('What a number of nodes assumes.', {
  podRequest: ref('Resources', 'Request of each Pod.'),
  daemonSets: ref('Resources', 'Requests of DaemonSets on each node.'),
  runnerCapacity: object('Pipelines that the runners must accept at a time (`DRONE_RUNNER_CAPACITY`).', {
    low: count('pipelines', 'Pipelines for the level "low".', 270),
    high: count('pipelines', 'Pipelines for the level "high".', 372),
  }),
  quota: object('ResourceQuota that the namespace of the Pods needs.', {
    low: ref('PodResources', 'Quota for the level "low".'),
    high: ref('PodResources', 'Quota for the level "high".'),
  }),
});

const WhatIf = object('Nodes for a number of PRs a day, by the published model and by learned parameters.', {
  prsPerDay: amount('PRs per day', 'Number of PRs, as requested.', 500),
  shapes: rangeByShape('Nodes by shape, by the published model.'),
  assumes: ref('Assumptions', 'Assumptions of the published model.'),
  nodes: byName(
    'Nodes that were calculated with, by shape.',
    '4cpu-8gb',
    object('One node.', {
      cpu: text('Allocatable CPU as a Kubernetes quantity.', '3920m'),
      memory: text('Allocatable memory as a Kubernetes quantity.', '6310816907'),
      pods: count('Pods', 'Number of Pods that the kubelet allows.', 110),
      podsThatFit: count('Pods', 'Pods of the assumed size that fit on such a node.', 3),
      podsCounted: amount('Pods', 'Pods that are counted on: fewer where packing leaves gaps.', 3),
      source: text('Where CPU and memory come from.', "GKE's formula for a machine of 4 CPU and 8 GiB"),
    }),
  ),
  parameters: list(
    'Parameters of the published model.',
    object('One parameter.', { ...NOTE, value: parameterValue('Value of the parameter.') }),
  ),
  calibrated: object('The same by learned parameters.', {
    shapes: rangeByShape('Nodes by shape, by learned parameters.'),
    assumes: ref('Assumptions', 'Assumptions with learned parameters.'),
    days: count('days', 'Days with data.', 9),
    because: text(
      'What the learned parameters are based on.',
      'with data of 9 days of this cluster. The number of builds per PR is not observable and stays at 3',
    ),
  }),
});

const inUnit = (description: string, example: number): Schema => amount('as in `unit`', description, example);

const Quantity = object('A quantity that is learned from the builds of this cluster.', {
  name: text('Name of the quantity.', 'podSeconds'),
  meaning: text('Meaning of the quantity.', 'time for which a Pod holds its request'),
  unit: text('Unit of all its values. Empty: it is a fraction.', 's'),
  value: inUnit('The value that is used: the assumption and the data, weighted by days.', 548.2),
  low90: inUnit('Lower end of the 90 % confidence interval of `value`.', 502.7),
  high90: inUnit('Upper end of the 90 % confidence interval of `value`.', 593.6),
  prior: inUnit('The assumption that is used without data.', 603),
  priorSource: text(
    'Where the assumption comes from.',
    "the published table's parameters (our interpretation)",
  ),
  data: orNull(
    object('What the data show.', {
      value: inUnit('The value by the data alone.', 536),
      days: count('days', 'Days with data.', 9),
    }),
    'fewer than two days have data',
  ),
  lowerBound: flag(
    'Whether runners were full on some of the days, so that the true value can be higher.',
    false,
  ),
  because: text('Reason for the value.', '9 days'),
});

/** Schemas of the published model and of its calibration. */
export const MODEL_SCHEMAS: Readonly<Record<string, Schema>> = {
  WhatIf,
  Assumptions,
  Model: object('The parameters of the model: assumed and learned.', {
    learned: list('Quantities that are learned.', ref('Quantity', 'One quantity.')),
    parameters: list(
      'Parameters of the model.',
      object('One parameter.', {
        ...NOTE,
        published: parameterValue('Value that gives the published table.'),
        used: parameterValue('Value with what was learned.'),
      }),
    ),
    table: list(
      'Rows of the published table.',
      object('One row.', {
        prsPerDay: count('PRs per day', 'Number of PRs.', 500),
        published: cells('Nodes by shape, by the published model.'),
        calibrated: cells('Nodes by shape, by learned parameters.'),
      }),
    ),
  }),
  Quantity,
};
