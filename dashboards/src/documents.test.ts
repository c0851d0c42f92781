import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ALERTS } from './alerts/alerts.ts';
import { DOCUMENTS, FOLDERS } from './documents.ts';

const root = join(import.meta.dirname, '../..');

describe('what is made from this package', () => {
  it.each(Object.entries(DOCUMENTS))(
    '%s is as it would be made now (else: npm run generate)',
    (path, render) => {
      expect(readFileSync(join(root, path), 'utf8')).toBe(render());
    },
  );

  it.each(Object.entries(FOLDERS))('%s holds nothing that nobody makes', (folder, ending) => {
    const there = readdirSync(join(root, folder)).filter((name) => name.endsWith(ending));
    expect(there.filter((name) => !Object.hasOwn(DOCUMENTS, `${folder}/${name}`))).toEqual([]);
  });

  it('has a runbook for every alert, which says what it means, how to look and what to do', () => {
    for (const { name } of ALERTS) {
      const page = readFileSync(join(root, `docs/runbooks/${name}.md`), 'utf8');
      expect(page).toMatch(
        new RegExp(`^# ${name}\n[^]*## What it means\n\n\\S[^]*## How to look\n\n- [^]*## What to do\n\n- `),
      );
    }
  });

  it('has rules that lead to their runbooks, with texts and a severity that people know', () => {
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
      // Where a page is published, the installation knows; a made-up address would lead nowhere.
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
});
