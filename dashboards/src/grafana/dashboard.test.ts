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
  readonly collapsed?: boolean;
  readonly panels?: readonly GrafanaPanel[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly decimals?: number;
      readonly custom?: { readonly lineWidth?: number; readonly stacking?: { readonly mode: string } };
    };
  };
  readonly options?: { readonly legend?: { readonly calcs?: readonly string[] } };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

interface GrafanaBoard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly panels: readonly GrafanaPanel[];
  readonly links: readonly { readonly keepTime: boolean; readonly includeVars: boolean }[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
}

describe.each(BOARDS.map((board) => [board.uid, board] as const))('%s in Grafana', (_uid, board) => {
  const made = JSON.parse(dashboardJson(board)) as GrafanaBoard;
  const all = made.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  const panels = all.filter(({ type }) => type !== 'row');

  it('has a stable uid, and a data source that the user selects', () => {
    expect(made).toMatchObject({ uid: board.uid, schemaVersion: 42 });
    const names = made.templating.list.map(({ name }) => name);
    expect(names).toEqual(['datasource', ...board.variables.map(({ name }) => name)]);
    for (const { datasource } of panels)
      expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
  });

  it('uses no undefined variable', () => {
    const queries = [...panels.flatMap(({ targets = [] }) => targets), ...made.annotations.list];
    const used = queries.flatMap(({ expr }) => [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name));
    const known = [...made.templating.list.map(({ name }) => name), '__rate_interval', '__range'];
    expect(used.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('has every panel with its queries, unit and a unique number', () => {
    expect(panels.map(({ title }) => title)).toEqual(panelsOf(board).map(({ title }) => title));
    const numbers = all.map(({ id }) => id);
    expect(numbers).toEqual([...new Set(numbers)]);
    panelsOf(board).forEach(({ queries, unit }, index) => {
      expect(panels[index]?.targets?.map(({ expr }) => expr)).toEqual(queries.map(({ expr }) => expr));
      expect(panels[index]?.fieldConfig?.defaults.unit).toBe(unit);
    });
  });

  it('places no panel on top of another', () => {
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_none, at) => `${x + (at % w)}/${y + Math.floor(at / w)}`),
    );
    expect(cells).toHaveLength(new Set(cells).size);
  });

  it('draws no line of a zero series over a stack, and a line for each limit', () => {
    const stacked = panels.filter(
      ({ fieldConfig }) => fieldConfig?.defaults.custom?.stacking?.mode === 'normal',
    );
    expect(stacked.length).toBeGreaterThan(0);
    for (const { title, fieldConfig } of stacked)
      expect({ [title]: fieldConfig?.defaults.custom?.lineWidth }).toEqual({ [title]: 0 });
    const limits = panelsOf(board).filter(({ queries }) => queries.some(({ isLimit }) => isLimit));
    for (const { title } of limits) {
      const json = JSON.stringify(panels.find((panel) => panel.title === title));
      expect(json).toContain('{"id":"custom.lineWidth","value":2}');
    }
  });

  it('has whole numbers on the axes of counts, and values in the legends', () => {
    for (const { title, fieldConfig, options } of panels.filter(({ type }) => type === 'timeseries')) {
      const { unit = '', decimals } = fieldConfig?.defaults ?? {};
      if (/suffix:(nodes|Pods|stages|runners|conditions)$/.test(unit))
        expect({ [title]: decimals }).toEqual({ [title]: 0 });
      if (unit === 's' || unit === 'suffix:cores') expect({ [title]: decimals }).toEqual({});
      expect({ [title]: options?.legend?.calcs }).toEqual({ [title]: ['lastNotNull', 'max'] });
    }
  });

  it('links to the other boards with the selection kept, and carries no job to a program that has another one', () => {
    expect(made.links).toMatchObject([{ keepTime: true, includeVars: true }]);
    const others = BOARDS.filter((other) => other !== board).flatMap(({ variables }) => variables);
    const shared = board.variables.filter(({ name }) => others.some((other) => other.name === name));
    expect(shared.map(({ name }) => name)).toEqual(['cluster', 'namespace']);
  });

  it('closes its last row, with the panels inside of it', () => {
    const rows = made.panels.filter(({ type }) => type === 'row');
    expect(rows.map(({ collapsed = false }) => collapsed)).toEqual(rows.map((row) => row === rows.at(-1)));
    expect(rows.at(-1)?.panels?.length).toBeGreaterThan(0);
    expect(made.panels.at(-1)).toBe(rows.at(-1));
  });

  it('marks deployments and starts', () => {
    const names = made.annotations.list.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['Deployments', 'Starts']));
  });
});
