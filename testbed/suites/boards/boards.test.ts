import { ALERTS } from '@hangar/dashboards/alerts';
import { panelsOf } from '@hangar/dashboards/board';
import { BOARDS } from '@hangar/dashboards/boards';
import { systemClock } from '@hangar/shared/clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answersOf, filledIn, hasValue, namedIn, nameOf } from './answers.ts';
import { type LoadedPrometheus, loadPrometheus } from './load.ts';

const LOAD_MS = 60_000;

/** Selectors of a PromQL text: Hangar's metrics, with their matchers. */
const SELECTOR = /\b(?:hangar_\w+|process_start_time_seconds)(?:\{[^}]*\})?/g;

/** The same selector without its values: any series that has these labels at all. */
const withAnyValue = (selector: string): string => selector.replace(/(=~|!~|!=|=)"[^"]*"/g, '!=""');

/**
 * Every query of every panel and rule, run by a real Prometheus that scraped the real programs under load: runners and autoscaler
 * as processes, builds that wait, fail, are evicted and are taken over.
 */
describe('boards and rules on a real Prometheus', () => {
  let loaded: LoadedPrometheus;
  let close = (): Promise<void> => Promise.resolve();

  beforeAll(async () => {
    loaded = await loadPrometheus(systemClock(), LOAD_MS);
    close = () => loaded.close();
  });
  afterAll(() => close());

  describe.each(BOARDS.map((board) => [board.title, board] as const))('%s', (_title, board) => {
    it.each(panelsOf(board).map((panel) => [panel.title, panel] as const))('%s', async (_panel, panel) => {
      const answers = await answersOf(loaded, panel);
      for (const { query, series } of answers) {
        // This load makes everything happen, so that even what may be empty elsewhere (`mayBeEmpty`) must have an answer here.
        const isAnswered = series.some(hasValue);
        expect({ [query.expr]: isAnswered }).toEqual({ [query.expr]: true });
        for (const { labels } of series)
          expect(Object.keys(labels)).toEqual(expect.arrayContaining([...namedIn(query)]));
      }
      const names = answers.flatMap(({ query, series }) => series.map((one) => nameOf(query, one)));
      expect(names).toEqual([...new Set(names)]);
      if (panel.kind === 'stat') expect(names.length).toBeLessThanOrEqual(1);
    });

    it.each(board.events.map((event) => [event.name, event] as const))(
      'marks %s, with the labels that the text names',
      async (_name, { expr, text }) => {
        const { prometheus, from, to } = loaded;
        const series = await prometheus.askOver(filledIn(expr), { from, to, stepSeconds: 1 });
        expect(series.some(hasValue)).toBe(true);
        const labels = namedIn({ expr, legend: text });
        for (const one of series)
          expect(Object.keys(one.labels)).toEqual(expect.arrayContaining([...labels]));
      },
    );

    it.each(board.variables.map(({ name, query }) => [name, query] as const))(
      'the variable %s has values',
      async (_name, query) => {
        const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(filledIn(query)) ?? [];
        expect(await loaded.prometheus.labelValues(label, selector)).not.toEqual([]);
      },
    );
  });

  describe('rules', () => {
    it('are well for Prometheus itself, every one', async () => {
      const rules = await loaded.prometheus.rules();
      expect(rules.map(({ name }) => name).sort()).toEqual(ALERTS.map(({ name }) => name).sort());
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    });

    it.each(ALERTS.map((alert) => [alert.name, alert] as const))(
      '%s asks for series that there are, and so does its runbook',
      async (_name, { expr, looks }) => {
        const queries = [expr, ...looks.flatMap(({ query = [] }) => query)];
        for (const query of queries) {
          await loaded.prometheus.ask(query);
          for (const [selector] of query.matchAll(SELECTOR)) {
            const some = await loaded.prometheus.ask(`count(${withAnyValue(selector)})`);
            expect({ [selector]: some.length }).toEqual({ [selector]: 1 });
          }
        }
      },
    );
  });
});
