import { parseArgs } from 'node:util';
import { BOARDS } from '@hangar/dashboards/boards';
import { systemClock } from '@hangar/shared/clock';
import { loadPrometheus } from './load.ts';
import { takePictures } from './picture.ts';

const HELP = `npx node --conditions=source testbed/suites/boards/main.ts --picture FOLDER [--seconds N]

Runs the runner, the autoscaler and a real Prometheus under load for so long (60 s), and draws each board with the answers
to its own queries: FOLDER/<board>.png. Needs prometheus and chromium (testbed/install-debian.sh).
`;

const { values } = parseArgs({
  options: {
    picture: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    help: { type: 'boolean' },
  },
});

async function main(folder: string, seconds: number): Promise<void> {
  const loaded = await loadPrometheus(systemClock(), seconds * 1_000);
  try {
    for (const path of await takePictures(loaded, BOARDS, folder)) process.stdout.write(`${path}\n`);
  } finally {
    await loaded.close();
  }
}

const seconds = Number(values.seconds);
if (values.help === true || values.picture === undefined || !(seconds > 0)) {
  process.stdout.write(HELP);
  process.exitCode = values.help === true ? 0 : 2;
} else await main(values.picture, seconds);
