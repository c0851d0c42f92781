import { renderConfigPage } from '@hangar/shared/config-page';
import { SETTINGS, WITHOUT_EFFECT } from './settings.ts';

const SECTIONS: Readonly<Record<string, string>> = {
  server: 'The Drone server',
  runner: 'The runner',
  process: 'Process and HTTP server',
  kubernetes: 'Kubernetes',
  pods: 'Pods',
  plugins: 'Plugins and credentials',
  hangar: 'New in Hangar',
  restrictions: 'What pipelines may choose',
};

const HEAD = `# Configuration of the runner

Generated from \`runner/src/config/settings.ts\`; do not edit. Back to the [index](README.md).

Settings are environment variables. An empty variable counts as unset. Lists are comma-separated. Maps are comma-separated \`name:value\` pairs, split at the first colon. Rules for what pipelines may choose have a value for each trust level, see [security.md](security.md#what-a-pipeline-may-choose). All problems are reported together at start.
`;

/** Renders `docs/configuration.md` of the runner from the same list that parses the environment. */
export function renderConfiguration(): string {
  const page = renderConfigPage({ head: HEAD, sections: SECTIONS, settings: Object.values(SETTINGS) });
  return `${page}\n${withoutEffect()}`;
}

function withoutEffect(): string {
  const rows = Object.entries(WITHOUT_EFFECT).map(([name, why]) => `| \`${name}\` | ${why} |`);
  return [
    '## Without effect',
    '',
    'Variables that deployments of the previous runner may have. They have no effect, and the runner logs their names at start.',
    '',
    '| variable | why |',
    '| --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
