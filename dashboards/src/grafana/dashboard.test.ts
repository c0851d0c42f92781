import { describe, expect, it } from 'vitest';
import { panelsOf } from '../board/board.ts';
import { BOARDS } from '../boards/boards.ts';
import { dashboardJson } from './dashboard.ts';

interface GrafanaPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: unknown;
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

interface GrafanaBoard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly panels: readonly GrafanaPanel[];
}

describe.each(BOARDS.map((board) => [board.uid, board] as const))('%s in Grafana', (_uid, board) => {
  const made = JSON.parse(dashboardJson(board)) as GrafanaBoard;
  const panels = made.panels.filter(({ type }) => type !== 'row');

  it('has a stable uid, and a data source that the user selects', () => {
    expect(made).toMatchObject({ uid: board.uid, schemaVersion: 42 });
    const names = made.templating.list.map(({ name }) => name);
    expect(names).toEqual(['datasource', ...board.variables.map(({ name }) => name)]);
    for (const { datasource } of panels)
      expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
  });

  it('uses no undefined variable', () => {
    const used = panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name)),
    );
    const known = [...made.templating.list.map(({ name }) => name), '__rate_interval', '__range'];
    expect(used.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('has every panel with its queries, unit and a unique number', () => {
    expect(panels.map(({ title }) => title)).toEqual(panelsOf(board).map(({ title }) => title));
    const numbers = made.panels.map(({ id }) => id);
    expect(numbers).toEqual([...new Set(numbers)]);
    panelsOf(board).forEach(({ queries, unit }, index) => {
      expect(panels[index]?.targets?.map(({ expr }) => expr)).toEqual(queries.map(({ expr }) => expr));
      expect(panels[index]?.fieldConfig?.defaults.unit).toBe(unit);
    });
  });

  it('places no panel on top of another', () => {
    const cells = made.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_none, at) => `${x + (at % w)}/${y + Math.floor(at / w)}`),
    );
    expect(cells).toHaveLength(new Set(cells).size);
  });
});
