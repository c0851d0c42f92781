import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AlertRule } from '@hangar/dashboards/alert-rule';
import { ALERTS } from '@hangar/dashboards/alerts';
import { rulesFile } from '@hangar/dashboards/rules-file';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { attempt } from '../../parts/real/command.ts';
import { type PromtoolSeries, RULE_EXAMPLES } from './rule-examples.ts';

const COMPONENTS = ['runner', 'autoscaler'] as const;

/** The output of promtool; rejects with it on an error. */
async function promtool(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await attempt('promtool', args);
  if (exitCode !== 0) throw new Error(`promtool ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

const inputs = (given: PromtoolSeries) =>
  Object.entries(given).map(([series, values]) => ({ series, values }));

/** A test in promtool's format: which alerts of that name fire at that minute. */
function question(name: string, given: PromtoolSeries, atMinute: number, firing: readonly string[]) {
  return {
    interval: '1m',
    // An empty list of series is none at all for promtool: one that no rule knows keeps the clock going.
    input_series: [...inputs(given), { series: 'nothing', values: '0x300' }],
    promql_expr_test: [
      {
        expr: `ALERTS{alertname="${name}", alertstate="firing"}`,
        eval_time: `${atMinute}m`,
        exp_samples: firing.map((labels) => ({ labels: `ALERTS{${labels}}`, value: 1 })),
      },
    ],
  };
}

function firingLabels({ name, severity, component }: AlertRule, labels: PromtoolSeries): string {
  const all: PromtoolSeries = {
    ...{ alertname: name, alertstate: 'firing', severity, component: `hangar-${component}` },
    ...labels,
  };
  return Object.entries(all)
    .map(([label, value]) => `${label}="${value}"`)
    .join(', ');
}

/** Every alert with series that make it fire, and with similar ones that don't, by the real promtool. */
describe('the rules', () => {
  let folder: string;
  const files: string[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hangar-rules-'));
    for (const component of COMPONENTS) {
      const file = join(folder, `${component}.yaml`);
      writeFileSync(file, rulesFile(component, ALERTS));
      files.push(file);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function judge(...tests: readonly object[]): Promise<string> {
    const file = join(folder, `test-${Math.random()}.yaml`);
    writeFileSync(file, stringify({ rule_files: files, evaluation_interval: '1m', tests }));
    return promtool('test', 'rules', file);
  }

  it('are good rules for promtool', async () => {
    expect(await promtool('check', 'rules', ...files)).toMatch(/SUCCESS/);
  });

  it('each have examples, and no example is without its rule', () => {
    expect(Object.keys(RULE_EXAMPLES).sort()).toEqual(ALERTS.map(({ name }) => name).sort());
  });

  describe.each(ALERTS.map((alert) => [alert.name, alert] as const))('%s', (name, alert) => {
    const example = RULE_EXAMPLES[name];
    if (example === undefined)
      throw new Error(`${name} has no example in testbed/suites/boards/rule-examples.ts`);
    const { fires, quiet } = example;

    it('fires, with the labels that its texts name', async () => {
      const labels = firingLabels(alert, fires.labels);
      expect(await judge(question(name, fires.given, fires.atMinute, [labels]))).toContain('SUCCESS');
      const named = [...`${alert.summary} ${alert.description}`.matchAll(/\$labels\.(\w+)/g)].map(
        ([, label = '']) => label,
      );
      expect(Object.keys(fires.labels)).toEqual(expect.arrayContaining(named));
    });

    it.each(Object.entries(quiet))('is quiet: %s', async (_why, { given, atMinute }) => {
      expect(await judge(question(name, given, atMinute, []))).toContain('SUCCESS');
    });
  });
});
