import { BOARDS } from '@hangar/dashboards/boards';
import { errorText } from '@hangar/shared/error-text';
import { command, runCommand } from '@hangar/shared/program/command';
import { CommandError, UsageError } from '@hangar/shared/program/command-error';
import { EXIT } from '@hangar/shared/program/exit-codes';
import { asWhole, option, textOr } from '@hangar/shared/program/options';
import { runProcess } from '@hangar/shared/program/process';
import { PrometheusApi } from '../../parts/prometheus/prometheus-api.ts';
import { boardPage } from '../board-page.ts';
import { startOfPlots } from './start-of-plots.ts';

const byName = new Map(BOARDS.map((board) => [board.uid.replace('hangar-', ''), board]));
const NAMES = [...byName.keys()].join(', ');

/** Draws a board as a page, for who has a Prometheus and no Grafana. */
const BOARD = command({
  name: 'npm run board --',
  words: 'BOARD',
  summary: `draws a Grafana dashboard (${NAMES}) as an HTML page, with the data of a Prometheus`,
  examples: [
    'npm run -s board -- runner > runner.html',
    'npm run -s board -- capacity --minutes 60 > capacity.html',
  ],
  options: {
    prometheus: textOr('http://127.0.0.1:9090', 'URL', 'address of the Prometheus'),
    minutes: option(
      'N',
      'time that the plots show, until now; less if the data began later',
      asWhole([1, 1_440]),
      15,
    ),
  },
  notes:
    'The page needs no network. Grafana draws the same JSON a little differently: charts/hangar/dashboards.',
  exits: { ok: 'printed', failed: 'Prometheus does not answer, or refuses a query' },
  run: async ({ options, words: [name = ''] }, { clock, print }) => {
    const board = byName.get(name);
    if (board === undefined) throw new UsageError(`there is no board "${name}". There are: ${NAMES}`);
    const to = clock.now() / 1000;
    const prometheus = new PrometheusApi(options.prometheus.replace(/\/+$/, ''));
    try {
      const from = await startOfPlots(prometheus, { to, minutes: options.minutes });
      const source = { prometheus, from, to };
      print(await boardPage(source, board, board.rows.length));
      return EXIT.ok;
    } catch (error) {
      const cause = error instanceof TypeError ? (error.cause ?? error) : error;
      throw new CommandError(
        EXIT.failed,
        `no answer from Prometheus at ${options.prometheus}: ${errorText(cause)}`,
      );
    }
  },
});

await runProcess(new URL('../../package.json', import.meta.url), (context, args) =>
  runCommand(BOARD, args, context),
);
