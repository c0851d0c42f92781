import { RIGHTS as AUTOSCALER_RIGHTS, rulesOf as autoscalerRulesOf } from '@hangar/autoscaler/permissions';
import { ALERTS } from '@hangar/dashboards/alerts';
import { RIGHTS as RUNNER_RIGHTS, rulesOf as runnerRulesOf } from '@hangar/runner/permissions';
import { RULES } from '@hangar/runner/rules';
import { renderReadme } from './render/readme.ts';
import { type NamedRules, renderGenerated } from './render/rights.ts';
import { renderSchema } from './render/schema.ts';
import { renderValues } from './render/values-yaml.ts';
import { isOnOff } from './schema/setting-schema.ts';
import type { Component } from './values/component.ts';
import { PREVIOUS_IMAGE_VALUES, PREVIOUS_VALUES, RENAMED_VALUES } from './values/previous.ts';
import { COMPONENTS, FEATURES, switchOf, VALUES } from './values/values.ts';

const runnerRules = (where: string): NamedRules => ({
  name: `runner.${where}`,
  rules: runnerRulesOf(RUNNER_RIGHTS.filter((right) => right.where === where)),
});

/** Rules of one feature for one scope, named `look.cluster`. */
const AUTOSCALER_RULES: readonly NamedRules[] = FEATURES.flatMap((feature) => {
  const rights = AUTOSCALER_RIGHTS.filter((right) => right.feature === feature);
  return [...Map.groupBy(rights, ({ where }) => where)].map(([where, those]) => ({
    name: `${switchOf(feature)}.${where}`,
    rules: autoscalerRulesOf(those),
  }));
});

function namesOf({ name, settings }: Component): readonly (readonly [string, readonly string[]])[] {
  const secret = settings.filter((one) => one.secret).flatMap((one) => [one.name, ...one.legacyNames]);
  return [
    [`${name}.secret`, secret],
    [`${name}.onOff`, settings.filter(isOnOff).map((one) => one.name)],
  ];
}

/** Every file of the chart that is generated from the code, by its path from the repository's root. */
export const DOCUMENTS: Readonly<Record<string, () => string>> = {
  'charts/hangar/values.yaml': () => renderValues(VALUES),
  'charts/hangar/values.schema.json': () => renderSchema(VALUES),
  'charts/hangar/README.md': () => renderReadme(VALUES),
  'charts/hangar/templates/_generated.tpl': () =>
    renderGenerated(
      [
        ...['pods', 'lease', 'cluster', 'nodes'].map(runnerRules),
        ...AUTOSCALER_RULES.map((one) => ({ ...one, name: `autoscaler.${one.name}` })),
      ],
      Object.fromEntries([
        ...COMPONENTS.flatMap(namesOf),
        // Caches are open by default, and turned on by another setting.
        [
          'runner.rules',
          Object.values(RULES)
            .filter(({ sinceHangar }) => sinceHangar !== 'open')
            .map(({ setting }) => setting),
        ],
        ['autoscaler.rights', AUTOSCALER_RULES.map(({ name }) => name)],
        ['previous', PREVIOUS_VALUES],
        ['previous.image', PREVIOUS_IMAGE_VALUES],
        ['renamed', Object.entries(RENAMED_VALUES).map(([name, to]) => `${name}=${to}`)],
      ]),
      Object.fromEntries(
        ALERTS.flatMap(({ name, threshold }) =>
          threshold === undefined ? [] : [[name, threshold.comparison]],
        ),
      ),
    ),
};
