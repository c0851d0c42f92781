import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { type Board, type BoardVariable, panelsOf } from '../board/board.ts';
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
        .keepTime(true),
    )
    .withVariable(
      new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    );
  for (const one of board.variables) builder.withVariable(variable(one));
  const numbers = new Map(panelsOf(board).map((panel, index) => [panel, index + 1]));
  for (const [row, { title, panels }] of board.rows.entries()) {
    builder.withRow(new dashboard.RowBuilder(title).id(FIRST_ROW_ID + row));
    for (const panel of panels) builder.withPanel(panelBuilder(panel, numbers.get(panel) ?? 0));
  }
  return `${JSON.stringify(builder.build(), undefined, 2)}\n`;
}
