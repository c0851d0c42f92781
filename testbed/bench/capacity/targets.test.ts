import { describe, expect, it } from 'vitest';
import { playActView, SCENES } from './comparison.ts';
import { verdictOf } from './comparison-table.ts';

/** Tuned on no more than the seeds of the bench are. */
const SEED = 8001;
/** 5 s a replay on an idle core. */
const PATIENCE_MS = 240_000;
const tell = { say: () => undefined, stop: new AbortController().signal };

/** What issue 4 demands (must-hold 4), on one seed; on three by `npm run bench -- capacity`. */
describe('what is demanded of the forecast', () => {
  const demanded = SCENES.flatMap((actView) =>
    actView.policies
      .filter((name) => actView.demanded[name] !== undefined)
      .map((name) => ({
        ...actView,
        policies: [name],
        title: `${actView.load}, ${actView.knownShare} known`,
      })),
  );

  it('is a list that nobody emptied', () => {
    expect(demanded).toHaveLength(4);
  });

  it.each(demanded)(
    '$policies holds it: $title',
    async (actView) => {
      const [compared] = await playActView(actView, [SEED], tell);

      expect(compared && verdictOf(compared), JSON.stringify(compared)).toBe('met');
    },
    PATIENCE_MS,
  );
});
