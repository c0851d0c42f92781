import { describe, expect, it } from 'vitest';
import { renderConfiguration } from './render.ts';
import { SETTINGS } from './settings.ts';

describe('renderConfiguration', () => {
  const page = renderConfiguration();

  it('has one line for each setting', () => {
    for (const { name } of Object.values(SETTINGS)) {
      expect(page.split('\n').filter((line) => line.startsWith(`| \`${name}\``))).toHaveLength(1);
    }
  });

  it('shows defaults with their unit, required settings, and settings without effect', () => {
    expect(page).toContain(
      '| `DRONE_RESOURCE_REQUEST_MEMORY` | a size such as 5MiB, 100Mi, 1.5GB or 5242880 (units are binary) | `100Mi` |',
    );
    expect(page).toContain('| `DRONE_RESOURCE_REQUEST_CPU` | a whole number, 0 or more | `100` millicores |');
    expect(page).toMatch(/`DRONE_RPC_HOST` \| text \| \*\*required\*\*/);
    expect(page).toMatch(
      /## Without effect[^#]*\| `DRONE_RUNNER_MAX_PROCS` \| steps are started inside their Pod/,
    );
    expect(page).toMatch(/`DRONE_REGISTRY_PLUGIN_ENDPOINT` \(also `DRONE_REGISTRY_ENDPOINT`\)/);
  });
});
