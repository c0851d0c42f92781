import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { type Board, type BoardEvent, type BoardVariable, panelsOf } from '../board/board.ts';
import { DATASOURCE, panelBuilder } from './panel.ts';

/** Identifiers of rows follow those of the panels. */
const FIRST_ROW_ID = 1_000;

/** A variable with label values, with multi-select; "all" also matches series without the label. */
function variable({ name, label, query }: BoardVariable): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ qryType: 1, query, refId: `variable-${name}` })
    .definition(query)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: ['All'], value: ['$__all'] })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
}

/** An event as Grafana's annotation: a region for as long as the query has a result. */
const annotation = ({ name, expr, text, color }: BoardEvent): dashboard.AnnotationQueryBuilder =>
  new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .step('60s')
    .titleFormat(name)
    .textFormat(text);

/** A board as Grafana imports it: its JSON model, in text. The same board gives the same text. */
export function dashboardJson(board: Board): string {
  const builder = new dashboard.DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.description)
    .tags(['hangar'])
    .timezone('browser')
    .editable()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .link(
      new dashboard.DashboardLinkBuilder('Boards of Hangar')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags(['hangar'])
        .asDropdown(true)
        .keepTime(true)
        // Boards have the same names for the same variables, so that a selection is kept.
        .includeVars(true),
    )
    .withVariable(
      new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    );
  for (const one of board.variables) builder.withVariable(variable(one));
  const numbers = new Map(panelsOf(board).map((panel, index) => [panel, index + 1]));
  for (const one of board.events) builder.annotation(annotation(one));
  for (const [row, { title, panels, isCollapsed = false }] of board.rows.entries()) {
    const heading = new dashboard.RowBuilder(title).id(FIRST_ROW_ID + row).collapsed(isCollapsed);
    const builders = panels.map((panel) => panelBuilder(panel, numbers.get(panel) ?? 0));
    // Grafana keeps the panels of a closed row inside of it.
    if (isCollapsed) for (const one of builders) heading.withPanel(one);
    builder.withRow(heading);
    if (!isCollapsed) for (const one of builders) builder.withPanel(one);
  }
  return `${JSON.stringify(builder.build(), undefined, 2)}\n`;
}
