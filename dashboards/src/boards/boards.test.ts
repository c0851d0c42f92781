import { AUTOSCALER_METRICS } from '@hangar/autoscaler/metrics';
import { RUNNER_METRICS } from '@hangar/shared/contract/runner-metrics';
import { describe, expect, it } from 'vitest';
import { ALERTS } from '../alerts/alerts.ts';
import { panelsOf } from '../board/board.ts';
import { BOARDS } from './boards.ts';

/** Metrics that no board and no alert uses, each with the reason. */
const NOT_SHOWN: Readonly<Record<string, string>> = {
  hangar_runner_pod_request_cpu_cores: 'the sizes of Pods are for the capacity model; boards show their sum',
  hangar_runner_pod_request_memory_bytes: 'as the CPU',
  hangar_autoscaler_tick_seconds: 'a slow tick shows in the age of the recommendation',
  hangar_autoscaler_scrape_problems_total: 'told by condition in /readyz, and counted among them',
  hangar_autoscaler_pods_recorded_total: 'a sign of life of the trace, for whoever looks for it',
  hangar_autoscaler_clock_jumps_total: 'a tick that is stale for that reason shows as stale',
};

const asked = [
  ...BOARDS.flatMap(panelsOf).flatMap(({ queries }) => queries.map(({ expr }) => expr)),
  ...ALERTS.map(({ expr }) => expr),
].join('\n');
const isAsked = (name: string): boolean => new RegExp(`\\b${name}(_bucket|_count)?\\b`).test(asked);

describe('the boards', () => {
  it.each(BOARDS.map((board) => [board.title, board] as const))(
    '%s: titles are questions or statements, and unique',
    (_title, board) => {
      const titles = panelsOf(board).map(({ title }) => title);
      expect(titles).toEqual([...new Set(titles)]);
      for (const { title, description } of panelsOf(board)) {
        expect(title).toMatch(/^[A-Z].{8,70}$/);
        expect(description).toMatch(/^.{20,}\.$/);
      }
    },
  );

  it.each(BOARDS.map((board) => [board.title, board] as const))(
    '%s: rows use the full width',
    (_title, { rows }) => {
      for (const { title, panels } of rows) {
        const width = panels.reduce((sum, panel) => sum + panel.width, 0);
        expect({ [title]: width % 24 }).toEqual({ [title]: 0 });
      }
    },
  );

  it('show every metric of the contract, or give a reason why not', () => {
    const names = [...Object.values(RUNNER_METRICS), ...Object.values(AUTOSCALER_METRICS)].map(
      ({ name }) => name,
    );
    const hidden = [...new Set(names)].filter((name) => !isAsked(name));
    expect(hidden.sort()).toEqual(Object.keys(NOT_SHOWN).sort());
  });

  it.each(BOARDS.map((board) => [board.title, board] as const))(
    "%s respects the user's selection: every series has the scope of its board",
    (_title, board) => {
      const queries = panelsOf(board).flatMap((panel) => panel.queries);
      const scopes = board.variables.map(({ name }) => name);
      for (const { expr } of [...queries, ...board.events])
        for (const [selector, name] of expr.matchAll(
          /\b(hangar_\w+|process_start_time_seconds)(?:\{[^}]*\})?/g,
        )) {
          const isOwn = selector.includes('_job"');
          // Runners are in a job of their own, so that the capacity board selects them by cluster alone.
          expect(selector).toContain(isOwn ? 'namespace=~"$namespace"' : 'hangar_runner_');
          expect(selector).toContain('cluster=~"$cluster"');
          expect({
            [name ?? '']: [...selector.matchAll(/\$(\w+)/g)].every(([, one = '']) => scopes.includes(one)),
          }).toEqual({ [name ?? '']: true });
        }
    },
  );

  it('keep pools of equal names in two namespaces apart', () => {
    for (const { queries } of BOARDS.flatMap(panelsOf))
      for (const { expr } of queries)
        for (const [, labels = ''] of expr.matchAll(/by \(([^)]*\bpool\b[^)]*)\)/g))
          expect(labels.split(', ')).toContain('namespace');
  });

  it('name pools with their namespaces', () => {
    for (const { legend } of BOARDS.flatMap(panelsOf).flatMap(({ queries }) => queries))
      expect(legend).not.toMatch(/(?<!\{\{namespace\}\}\/)\{\{pool\}\}/);
  });
});
