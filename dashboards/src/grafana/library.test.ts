import { createRequire } from 'node:module';
import type * as Library from '@grafana/data';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { panelsOf } from '../board/board.ts';
import { BOARDS } from '../boards/boards.ts';
import { dashboardJson } from './dashboard.ts';

// As a CommonJS module: Node.js cannot load the ES module of Grafana's library.
const grafana = createRequire(import.meta.url)('@grafana/data') as typeof Library;

interface GrafanaPanel {
  readonly type: string;
  readonly title: string;
  readonly panels?: readonly GrafanaPanel[];
  readonly fieldConfig: Library.FieldConfigSource;
  readonly options: { readonly reduceOptions: Library.ReduceDataOptions };
  readonly transformations: readonly Library.DataTransformerConfig[];
}

const theme = grafana.createTheme();
const asWritten = (text: string): string => text;
/** The standard properties of a field; those of a kind of panel (`custom.*`) are not in this library. */
const PROPERTIES = ['unit', 'decimals', 'min', 'max', 'noValue', 'mappings', 'thresholds', 'color'];
const fieldConfigRegistry = new grafana.FieldConfigOptionsRegistry(() =>
  PROPERTIES.map((id) => ({
    id,
    path: id,
    name: id,
    getName: () => id,
    editor: () => null,
    override: () => null,
    process: grafana.identityOverrideProcessor,
    shouldApply: () => true,
    settings: {},
  })),
);
const { filterFieldsByNameTransformer, organizeFieldsTransformer } = grafana.standardTransformers;
grafana.standardTransformersRegistry.setInit(() =>
  [filterFieldsByNameTransformer, organizeFieldsTransformer].map((transformer) => ({
    id: transformer.id,
    name: transformer.name,
    editor: () => null,
    transformation: () => Promise.resolve(transformer),
    imageDark: '',
    imageLight: '',
  })),
);

/** A series of a query, as the Prometheus data source of Grafana returns it. */
const series = (refId: string, name: string, values: readonly number[]): Library.DataFrame =>
  grafana.toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: grafana.FieldType.time, values: values.map((_value, index) => index * 60_000) },
      { name: 'Value', type: grafana.FieldType.number, values, config: { displayNameFromDS: name } },
    ],
  });

const shown = (data: Library.DataFrame[], { fieldConfig }: GrafanaPanel): Library.DataFrame[] =>
  grafana.applyFieldOverrides({
    data,
    fieldConfig,
    theme,
    replaceVariables: asWritten,
    fieldConfigRegistry,
  });

function statText(panel: GrafanaPanel, values: readonly number[] | undefined): string {
  const data = values === undefined ? [] : shown([series('A', 'one', values)], panel);
  const { fieldConfig, options } = panel;
  const displays = grafana.getFieldDisplayValues({
    data,
    fieldConfig,
    reduceOptions: options.reduceOptions,
    replaceVariables: asWritten,
    theme,
  });
  return displays.map(({ display }) => grafana.formattedValueToString(display)).join();
}

describe.each(BOARDS.map((board) => [board.uid, board] as const))(
  "%s in Grafana's own library",
  (_u, board) => {
    const { panels } = JSON.parse(dashboardJson(board)) as { readonly panels: readonly GrafanaPanel[] };
    const drawn = panels
      .flatMap((panel) => [panel, ...(panel.panels ?? [])])
      .filter(({ type }) => type !== 'row');
    const pairs = panelsOf(board).map((panel, index) => [panel, drawn[index] as GrafanaPanel] as const);

    it('separates the unit from the number by one space at most', () => {
      for (const { title, fieldConfig } of drawn) {
        const format = grafana.getValueFormat(fieldConfig.defaults.unit);
        const text = grafana.formattedValueToString(format(3));
        expect(text, title).toMatch(/^\d+%?( \S+)?$/);
      }
    });

    it('uses units that Grafana knows', () => {
      const known = grafana.getValueFormats().flatMap(({ submenu }) => submenu.map(({ value }) => value));
      const units = drawn.flatMap(({ fieldConfig }) => fieldConfig.defaults.unit ?? []);
      expect(units.filter((unit) => !unit.startsWith('suffix:') && !known.includes(unit))).toEqual([]);
    });

    it('shows the last value of a single figure, and "none" without data', () => {
      const stats = pairs.filter(([{ kind }]) => kind === 'stat');
      expect(stats.length).toBeGreaterThan(0);
      for (const [{ title, words = {} }, panel] of stats) {
        expect({ [title]: statText(panel, undefined) }).toEqual({ [title]: 'none' });
        expect(statText(panel, [7, 3]), title).toMatch(words['3'] ?? /^3/);
        for (const [value, word] of Object.entries(words))
          expect(statText(panel, [Number(value)])).toBe(word);
      }
    });

    it('gives series their colors by name', () => {
      for (const [{ title, colors = {} }, panel] of pairs)
        for (const [name, fixedColor] of Object.entries(colors)) {
          const [hit, miss] = shown([series('A', name, [1]), series('A', `${name} 2`, [1])], panel);
          expect({ [title]: hit?.fields[1]?.config.color }).toEqual({
            [title]: { mode: 'fixed', fixedColor },
          });
          expect({ [title]: miss?.fields[1]?.config.color }).toEqual({ [title]: undefined });
        }
    });

    it('draws limits, and nothing else, as dashed lines', () => {
      const nameOf = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index);
      for (const [{ title, queries, kind }, { fieldConfig }] of pairs.filter(
        ([{ kind }]) => kind !== 'stat',
      )) {
        if (kind === 'table') continue;
        const dashed = fieldConfig.overrides.filter((override) =>
          override.properties.some(({ id }) => id === 'custom.lineStyle'),
        );
        const isDashed = queries.map((_query, index) => {
          const frame = series(nameOf(index), 'one', [1]);
          const [, field] = frame.fields;
          return dashed.some(
            ({ matcher }) => field !== undefined && grafana.getFieldMatcher(matcher)(field, frame, [frame]),
          );
        });
        expect({ [title]: isDashed }).toEqual({ [title]: queries.map(({ isLimit }) => isLimit === true) });
      }
    });

    it('shows the columns of a table in order, and no others', async () => {
      vi.stubGlobal('window', {}); // transformations look there for the scene of the page
      onTestFinished(() => void vi.unstubAllGlobals());
      for (const [{ columns = [] }, { transformations }] of pairs.filter(([{ kind }]) => kind === 'table')) {
        const names = ['Time', 'Value', ...columns.toReversed()];
        const frame = grafana.toDataFrame({ fields: names.map((name) => ({ name, values: [name] })) });
        const frames = await new Promise<Library.DataFrame[]>((resolve, reject) => {
          grafana
            .transformDataFrame([...transformations], [frame])
            .subscribe({ next: resolve, error: reject });
        });
        expect(frames.map(({ fields }) => fields.map(({ name }) => name))).toEqual([columns]);
      }
    });
  },
);
