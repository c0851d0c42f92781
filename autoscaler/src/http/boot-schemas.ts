import {
  amount,
  count,
  list,
  object,
  oneWord,
  orNull,
  type Schema,
  text,
} from '@hangar/shared/openapi/schema';

const NOT_COMPUTED = 'it was not computed yet, or `HANGAR_AUTOSCALER_WAIT_PRICE` is off';

/** Schemas of boots by phase. */
export const BOOT_SCHEMAS: Readonly<Record<string, Schema>> = {
  Boots: object('How long the boot of a node takes by phase, what that costs, and what to do about it.', {
    bootSeconds: amount(
      'seconds',
      'Time from the request for a node until it is ready, as decisions use it: learned from whole days.',
      174.2,
    ),
    minute: orNull(
      object('What one minute more of boot would have cost, by a replay of past builds.', {
        nodeHoursPer1000Prs: amount(
          'node-hours per 1000 PRs',
          'Additional hours of all nodes together for 15,000 builds, at the configured price of waiting.',
          21.4,
        ),
        waitMeanSeconds: amount(
          'seconds',
          'Additional mean wait for a node. Negative: the additional nodes shorten it.',
          0.4,
        ),
      }),
      NOT_COMPUTED,
    ),
    phases: list(
      'The phases that were observed since the service was started, in the order of a boot.',
      object('One phase.', {
        phase: oneWord('Name of the phase.', ['machine', 'kubelet', 'image']),
        meaning: text('Meaning of the phase.', 'from the order of a node until its Node object exists'),
        seconds: amount('seconds', 'Median of the last boots; at most 200 are kept.', 71.5),
        boots: count('boots', 'Boots that the median was taken from.', 42),
        nodeHoursPer1000Prs: orNull(
          amount('node-hours per 1000 PRs', 'The part of `minute` for this time.', 25.5),
          NOT_COMPUTED,
        ),
        advice: orNull(
          text('What shortens the phase.', 'use a registry mirror in the same zone'),
          'the phase is not long',
        ),
      }),
    ),
  }),
};
