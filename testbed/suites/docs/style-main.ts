import { globSync } from 'node:fs';
import { ROOT, readDocument } from './pages.ts';
import { styleProblems, styleRules } from './style.ts';
import { goLiteralsOf, literalsOf, markupText, proseOf } from './style-texts.ts';

const SOURCES = [
  {
    files: [
      'README.md',
      'CONTRIBUTING.md',
      'SECURITY.md',
      'CHANGELOG.md',
      'docs/*.md',
      'docs/runbooks/*.md',
      'charts/hangar/README.md',
    ],
    read: proseOf,
  },
  { files: ['charts/hangar/templates/NOTES.txt', 'autoscaler/web/*.html'], read: markupText },
  {
    files: [
      '{runner,autoscaler,shared,dashboards,charts}/src/**/*.ts',
      'autoscaler/web/*.js',
      'testbed/{bench,chaos,demo,hostile,levels,machine,pictures,release}/**/*.ts',
      'testbed/parts/{drone,real}/**/*.ts',
    ],
    read: literalsOf,
  },
  { files: ['runner/gate/*.go'], read: goLiteralsOf },
];
/** Not read by users; STYLE.md itself lists the words. */
const SKIPPED = /\.test\.ts$|_test\.go$|\/testing\/|\/stand-ins\/|^docs\/STYLE\.md$/;

const texts = SOURCES.flatMap(({ files, read }) =>
  globSync(files, { cwd: ROOT })
    .filter((path) => !SKIPPED.test(path))
    .sort()
    .flatMap((path) => read(path, readDocument(path))),
);
const problems = styleProblems(texts, styleRules(readDocument('docs/STYLE.md')));
process.stdout.write(
  problems.length === 0 ? `no word to replace in ${texts.length} texts\n` : `${problems.join('\n')}\n`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
