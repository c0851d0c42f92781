import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { type Panel, type Query, type Threshold, WHOLE_UNITS } from '../board/board.ts';

/** The data source that the user selected at the top of the board. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

const STAT_HEIGHT = 4;
const PLOT_HEIGHT = 8;
/** Shown in place of a value where an empty result is normal. */
const NOTHING = 'none';

type PanelBuilder = Builder<dashboard.Panel>;

const refId = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index);

function target({ expr, legend }: Query, index: number, { kind }: Panel): DataqueryBuilder {
  const query = new DataqueryBuilder().refId(refId(index)).expr(expr).legendFormat(legend);
  if (kind === 'table') return query.instant().format(PromQueryFormat.Table);
  return kind === 'stat' ? query.instant() : query.range();
}

function thresholds(steps: readonly Threshold[]): dashboard.ThresholdsConfigBuilder {
  const [first] = steps;
  // The lowest step has no bound, and is green unless the panel defines another color.
  const base = first?.from === 0 ? first.color : 'green';
  const rest = steps.filter(({ from }) => from > 0).map(({ from, color }) => ({ value: from, color }));
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps([{ value: null, color: base }, ...rest]);
}

function mappings(words: Panel['words']): dashboard.ValueMapping[] {
  if (words === undefined) return [];
  const options = Object.fromEntries(Object.entries(words).map(([value, text]) => [value, { text }]));
  return [{ type: dashboard.MappingType.ValueToText, options }];
}

function statPanel(panel: Panel): stat.PanelBuilder {
  return new stat.PanelBuilder()
    .height(STAT_HEIGHT)
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(
      panel.thresholds === undefined ? common.BigValueColorMode.None : common.BigValueColorMode.Value,
    )
    .textMode(common.BigValueTextMode.Value)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .thresholds(thresholds(panel.thresholds ?? []));
}

const property = (id: string, value: unknown): dashboard.DynamicConfigValue => ({ id, value });

const LIMIT: readonly dashboard.DynamicConfigValue[] = [
  property('custom.lineStyle', { fill: 'dash', dash: [8, 6] }),
  property('custom.lineWidth', 2),
  property('custom.fillOpacity', 0),
  property('custom.stacking', { mode: 'none' }),
];

/** Counts, and states that are shown as texts. */
const hasWholeNumbers = ({ unit, words }: Panel): boolean =>
  words !== undefined || WHOLE_UNITS.some((whole) => whole === unit);

function plotPanel(panel: Panel): timeseries.PanelBuilder {
  const isStacked = panel.kind === 'areas';
  const mode = isStacked ? common.StackingMode.Normal : common.StackingMode.None;
  const plot = new timeseries.PanelBuilder()
    .height(PLOT_HEIGHT)
    .min(0)
    // The line of a zero series would lie on top of the stack, in the color of a failure that did not happen.
    .lineWidth(isStacked ? 0 : 2)
    .fillOpacity(isStacked ? 60 : 0)
    .stacking(new common.StackingConfigBuilder().mode(mode))
    .showPoints(common.VisibilityMode.Never)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .calcs(['lastNotNull', 'max'])
        .showLegend(true),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    );
  if (hasWholeNumbers(panel)) plot.decimals(0);
  panel.queries.forEach(({ isLimit }, index) => {
    if (isLimit) plot.overrideByQuery(refId(index), [...LIMIT]);
  });
  for (const [name, color] of Object.entries(panel.colors ?? {}))
    plot.overrideByName(name, [property('color', { mode: 'fixed', fixedColor: color })]);
  if (panel.thresholds === undefined) return plot;
  return plot
    .thresholds(thresholds(panel.thresholds))
    .thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
    );
}

function tablePanel({ columns = [] }: Panel): table.PanelBuilder {
  const order = Object.fromEntries(columns.map((column, index) => [column, index]));
  return new table.PanelBuilder()
    .height(PLOT_HEIGHT)
    .withTransformation({ id: 'filterFieldsByName', options: { include: { names: [...columns] } } })
    .withTransformation({ id: 'organize', options: { indexByName: order } });
}

function bare(panel: Panel): stat.PanelBuilder | timeseries.PanelBuilder | table.PanelBuilder {
  switch (panel.kind) {
    case 'stat':
      return statPanel(panel);
    case 'table':
      return tablePanel(panel);
    case 'lines':
    case 'areas':
      return plotPanel(panel);
  }
}

/** A panel in Grafana's format. Identifiers are whole numbers from 1, unique within a board. */
export function panelBuilder(panel: Panel, id: number): PanelBuilder {
  return bare(panel)
    .id(id)
    .title(panel.title)
    .description(panel.description)
    .datasource(DATASOURCE)
    .span(panel.width)
    .unit(panel.unit)
    .noValue(NOTHING)
    .mappings(mappings(panel.words))
    .targets(panel.queries.map((query, index) => target(query, index, panel)));
}
