import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOrThrow } from '../../../parts/real/command.ts';
import { ownLayout } from '../../../parts/real/facts.ts';
import { programPath } from '../../../parts/real/plan/layout.ts';
import { Helm, LEAST } from '../../chart/helm.ts';
import { blocksOf } from '../blocks.ts';
import { type CloneOfLinks, cloneOfLinks } from '../clone-of-links.ts';
import { PAGES, readDocument } from '../pages.ts';

const VALUES = PAGES.flatMap((page) =>
  blocksOf(readDocument(page)).flatMap(({ mark, text, line }) =>
    mark?.kind === 'values' ? [{ place: `${page}:${line}`, text }] : [],
  ),
);

/** Lines that end in a backslash go on in the next one. */
const wholeLines = (text: string): readonly string[] => text.replace(/\\\n\s*/g, '').split('\n');

/** Every `helm install` and `helm upgrade` of the documents that is not run, with the page that it is on. */
const RELEASES = PAGES.flatMap((page) =>
  blocksOf(readDocument(page))
    .filter(({ language, mark }) => language === 'sh' && mark?.kind !== 'run')
    .flatMap(({ text }) => wholeLines(text))
    .filter((line) => /^helm (install|upgrade) /.test(line))
    .map((command) => ({ page, command })),
);

const layout = ownLayout();
let helm: Helm;
beforeAll(async () => {
  helm = await Helm.open(layout);
});

describe('values of the chart in the documents', () => {
  it.each(VALUES)('$place is taken by the chart', async ({ text, place }) => {
    const clone = cloneOfLinks(place.split(':')[0] ?? '');
    try {
      const file = join(clone.folder, 'values-of-this-block.yaml');
      writeFileSync(file, text);
      const args = ['template', 'hangar', join(clone.folder, 'charts/hangar'), '-f', '-', '-f', file];
      expect(await helm.run(args, LEAST)).toContain('kind: Deployment');
    } finally {
      clone.remove();
    }
  });
});

describe('helm install and helm upgrade in the documents', () => {
  const clones = new Map<string, CloneOfLinks>();
  const cloneFor = (page: string): CloneOfLinks => {
    const clone = clones.get(page) ?? cloneOfLinks(page);
    clones.set(page, clone);
    return clone;
  };
  afterAll(() => {
    for (const clone of clones.values()) clone.remove();
  });

  it('are there', () => {
    expect(RELEASES.map(({ page }) => page)).toContain('docs/getting-started.md');
  });

  it.each(RELEASES)('$page: $command', async ({ page, command }) => {
    const [, verb = '', rest = ''] = /^helm (install|upgrade) (.*)$/.exec(command) ?? [];
    const words = rest
      .replace(/ #.*$/, '')
      .replace(/ --(install|wait|reset-then-reuse-values|create-namespace)\b/g, '');
    // What the release has already; flags and files of the command are laid over it.
    const least = verb === 'upgrade' ? ' -f -' : '';
    const rendered = await runOrThrow('bash', ['-ec', `"$HELM" template ${words}${least}`], {
      folder: cloneFor(page).folder,
      environment: { ...process.env, HELM: programPath(layout, 'helm', 'helm'), KUBECONFIG: '/dev/null' },
      input: JSON.stringify(least === '' ? {} : LEAST),
    });
    expect(rendered).toContain('kind: Deployment');
  });
});
