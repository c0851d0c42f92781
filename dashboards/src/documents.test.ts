import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ALERTS } from './alerts/alerts.ts';
import { DOCUMENTS, FOLDERS } from './documents.ts';

const root = join(import.meta.dirname, '../..');

describe('the generated files of this package', () => {
  it.each(Object.entries(DOCUMENTS))('%s is up to date (else: npm run generate)', (path, render) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(render());
  });

  it.each(Object.entries(FOLDERS))('%s contains only generated files', (folder, ending) => {
    const there = readdirSync(join(root, folder)).filter((name) => name.endsWith(ending));
    expect(there.filter((name) => !Object.hasOwn(DOCUMENTS, `${folder}/${name}`))).toEqual([]);
  });

  it('has a runbook for every alert, with its meaning, the diagnosis and the mitigation', () => {
    for (const { name } of ALERTS) {
      const page = readFileSync(join(root, `docs/runbooks/${name}.md`), 'utf8');
      expect(page).toMatch(
        new RegExp(`^# ${name}\n[^]*## Meaning\n\n\\S[^]*## Diagnosis\n\n- [^]*## Remedy\n\n- `),
      );
    }
  });

  it('has every runbook in one page of the chart, without a link to a page that is not in its package', () => {
    const page = readFileSync(join(root, 'charts/hangar/RUNBOOKS.md'), 'utf8');
    for (const { name } of ALERTS) expect(page).toMatch(new RegExp(`\n## ${name}\n[^]*?\n### Remedy\n\n- `));
    const headings = new Set(ALERTS.map(({ name }) => `#${name.toLowerCase()}`));
    const targets = [...page.matchAll(/\]\(([^)]*)\)/g)].map(([, target = '']) => target);
    expect(targets.length).toBeGreaterThan(0);
    expect(targets.filter((target) => !headings.has(target))).toEqual([]);
  });

  it('has rules that link to their runbooks, with texts and a standard severity', () => {
    const groups = ['runner', 'autoscaler'].flatMap(
      (component) =>
        (
          parse(readFileSync(join(root, `charts/hangar/rules/hangar-${component}.yaml`), 'utf8')) as {
            groups: { rules: Record<string, unknown>[] }[];
          }
        ).groups,
    );
    const rules = groups.flatMap(({ rules: all }) => all);
    expect(rules).toHaveLength(ALERTS.length);
    for (const rule of rules) {
      // Only the installation knows where the pages are published; a made-up address would be a dead link.
      expect(JSON.stringify(rule)).not.toContain('://');
      expect(rule).toMatchObject({
        labels: { severity: expect.stringMatching(/^(critical|warning)$/) as string },
        annotations: {
          summary: expect.stringMatching(/^\S.{10,}$/) as string,
          description: expect.stringMatching(/\.$/) as string,
          runbook: `docs/runbooks/${String(rule['alert'])}.md`,
        },
      });
    }
  });

  it.each(ALERTS.map((alert) => [alert.name, alert] as const))(
    '%s: the summary names the namespace, the runbook has kubectl commands, the threshold is in the rule once',
    (name, { summary, commands, threshold, expr }) => {
      expect(summary).toContain('{{ $labels.namespace }}');
      expect(commands.join('\n')).toMatch(/\bkubectl /);
      const page = readFileSync(join(root, `docs/runbooks/${name}.md`), 'utf8');
      for (const command of commands) expect(page).toContain(`\n${command}\n`);
      if (threshold !== undefined) expect(expr.split(threshold.comparison)).toHaveLength(2);
    },
  );

  it('has remedies that help with the default settings: the rule for the buffer is not used beside a price of waiting', () => {
    const remedies = ALERTS.flatMap(({ acts }) => acts).filter((text) =>
      text.includes('HANGAR_AUTOSCALER_BUFFER_'),
    );
    expect(remedies.length).toBeGreaterThan(0);
    for (const text of remedies) expect(text).toContain('HANGAR_AUTOSCALER_WAIT_PRICE=off');
  });

  it('asks a Pod at its port by name: the number is a setting', () => {
    const forwards = ALERTS.flatMap(({ commands }) => commands).filter((text) =>
      text.includes('port-forward'),
    );
    expect(forwards.length).toBeGreaterThan(0);
    for (const text of forwards) expect(text).toMatch(/ (3000|3001):http & .*127\.0\.0\.1:\1\//);
  });

  it('shows how to send the token where an answer needs one', () => {
    const asked = ALERTS.filter(({ commands }) => commands.some((text) => text.includes(':3000/stages')));
    expect(asked.length).toBeGreaterThan(0);
    for (const { looks } of asked)
      expect(looks.map(({ text }) => text).join('\n')).toContain('HANGAR_HTTP_TOKEN');
  });
});
