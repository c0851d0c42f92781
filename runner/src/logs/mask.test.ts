import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Masks } from './mask.ts';

/** Room for a busy machine: properties run hundreds of cases. */
vi.setConfig({ testTimeout: 120_000 });

/** Masks one line that is given in pieces, then a second one. */
function inPieces(values: readonly string[], pieces: readonly string[], next = ''): string {
  const stream = new Masks(values).stream();
  const line = pieces.flatMap((text, index) =>
    stream.push({ text, ends: index === pieces.length - 1, stampNs: undefined }),
  );
  const second = stream.push({ text: next, ends: true, stampNs: undefined });
  return [...line, ...second].map((piece) => piece.text + (piece.ends ? '\n' : '')).join('');
}

/** The expected output, computed naively: every character that any secret covers is masked, overlapping ones together. */
function naive(values: readonly string[], text: string): string {
  const spans = values
    .flatMap((value) =>
      [...text].flatMap((_, from) =>
        text.startsWith(value, from) ? [{ from, to: from + value.length }] : [],
      ),
    )
    .sort((a, b) => a.from - b.from || a.to - b.to);
  const merged: { from: number; to: number }[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last && span.from < last.to) last.to = Math.max(last.to, span.to);
    else merged.push({ ...span });
  }
  let done = 0;
  let out = '';
  for (const span of merged) {
    out += `${text.slice(done, span.from)}******`;
    done = span.to;
  }
  return out + text.slice(done);
}

describe('Masks', () => {
  it.each([
    ['a secret', ['s3cret'], 'a s3cret b s3cret', 'a ****** b ******'],
    ['the longest of two', ['pass', 'password'], 'password pass', '****** ******'],
    ['two that overlap, leaving nothing of either', ['abcd', 'cdef'], 'xabcdefx', 'x******x'],
    ['two side by side', ['abc', 'def'], 'abcdef', '************'],
    ['one within another that did not come to its end', ['abcdX', 'bc'], 'abcd', 'a******d'],
    [
      'all parts of a secret of several lines',
      ['first\n second \r\nthird'],
      'first|second|third',
      '******|******|******',
    ],
    ['two bytes', ['é'], 'é', '******'],
    ['not a single byte', ['x', '\n', ''], 'x', 'x'],
    ['nothing without secrets', [], 'x', 'x'],
    ['a secret of regular-expression signs', ['(a+)+$'], '(a+)+$', '******'],
    ['a secret beyond the first plane', ['😀😀'], 'x😀😀y', 'x******y'],
  ])('hides %s', (_, values, text, want) => {
    expect(new Masks(values).text(text)).toBe(want);
  });

  describe('encoded forms (known issue 28)', () => {
    const secret = 'pä$$ w0rd/<+>&"\\!';
    it.each([
      ['URL', encodeURIComponent(secret)],
      ['URL in small letters', encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
      ['form', new URLSearchParams({ p: secret }).toString().slice(2)],
      ['JSON', JSON.stringify(secret).slice(1, -1)],
      [
        'JSON of Go',
        JSON.stringify(secret)
          .slice(1, -1)
          .replace(/[<>&]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`),
      ],
      ['base64', Buffer.from(secret).toString('base64')],
      ['base64url', Buffer.from(secret).toString('base64url')],
    ])('are hidden: %s', (_, form) => {
      expect(new Masks([secret]).text(`>${form}<`)).toMatch(/^>\*{6}=*<$/);
    });

    it.each([0, 1, 2, 3, 4])('are masked: base64 after %s other bytes', (before) => {
      const text = Buffer.from(`${'x'.repeat(before)}${secret}yyyy`).toString('base64');
      const hidden = new Masks([secret]).text(text);
      expect(hidden).toContain('******');
      expect(Buffer.from(hidden.replaceAll('*', ''), 'base64').length).toBeLessThanOrEqual(before + 4 + 2);
    });

    describe.each([76, 64])('base64 in lines of %s characters', (width) => {
      const key = Array.from({ length: 20 }, (_, line) => `line ${line} of a private key ${line ** 7}`);
      const value = key.join('\n');
      const wrapped = (text: string): string[] =>
        Buffer.from(text)
          .toString('base64')
          .match(new RegExp(`.{1,${width}}`, 'g')) ?? [];

      it.each([
        ['a secret of several lines', value],
        ['with the newline of echo', `${value}\n`],
        ['a long one of one line', value.replaceAll('\n', '.')],
      ])('hides every line of %s', (_sentence, text) => {
        const masks = new Masks([text.trim()]);

        for (const line of wrapped(text)) expect(masks.text(line)).toMatch(/^\*{6}[A-Za-z0-9+/]{0,2}=*$/);
      });

      it('masks no line of another text', () => {
        const lines = wrapped('x'.repeat(500));

        expect(lines.map((line) => new Masks([value]).text(line))).toEqual(lines);
      });
    });

    it('do not mask ordinary words because of a short secret', () => {
      expect(new Masks(['ab']).text(Buffer.from('ab').toString('base64'))).toBe('YWI=');
    });

    it('accept a secret that is no well-formed text', () => {
      expect(new Masks(['\ud800secret']).text('x\ud800secret')).toBe('x******');
    });
  });
});

describe('MaskStream', () => {
  it('masks a secret that is cut at 48 KiB', () => {
    expect(inPieces(['s3cret'], ['a s3c', 'ret b'])).toBe('a ****** b\n\n');
    expect(inPieces(['s3cret'], ['a s', '3', 'c', 'r', 'e', 't'])).toBe('a ******\n\n');
  });

  it('returns text that began like a secret and was none', () => {
    expect(inPieces(['s3cret'], ['a s3c', 'urity'])).toBe('a s3curity\n\n');
    expect(inPieces(['s3cret'], ['a s3c'], 'ret')).toBe('a s3c\nret\n');
  });

  it('holds back little of an endless repetition of one secret, and masks all of it', () => {
    const stream = new Masks(['aaaa']).stream();
    const texts = Array.from({ length: 50 }, () =>
      stream.push({ text: 'a'.repeat(1000), ends: false, stampNs: undefined }),
    ).flat();
    expect(texts.map((piece) => piece.text).join('')).toBe('******');
    expect(stream.push({ text: 'b', ends: true, stampNs: undefined })).toEqual([
      { text: 'b', ends: true, stampNs: undefined },
    ]);
  });

  it('masks every secret and changes nothing else, wherever the line is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(letters, { maxLength: 4 }),
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 12 }), { minLength: 1 }),
        (values, pieces) => {
          expect(inPieces(values, pieces)).toBe(`${naive(values, pieces.join(''))}\n\n`);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('masks every form of a secret, wherever the line is cut', () => {
    const secret = fc
      .string({ unit: 'grapheme', minLength: 6, maxLength: 20 })
      .map((text) => `k${text.trim()}9`);
    const forms = [
      (text: string) => text,
      encodeURIComponent,
      (text: string) => JSON.stringify(text).slice(1, -1),
      (text: string) => Buffer.from(text).toString('base64'),
    ];
    fc.assert(
      fc.property(secret, fc.nat(3), fc.string(), fc.nat(30), (value, which, before, cut) => {
        const form = forms[which]?.(value.toWellFormed()) ?? value;
        const text = `${before.replaceAll('\n', '')} ${form} `;
        fc.pre(!value.includes('\n') && Buffer.byteLength(value) >= 6);
        expect(
          inPieces([value], [text.slice(0, before.length + cut), text.slice(before.length + cut)]),
        ).not.toContain(form);
      }),
    );
  });

  it('masks 200 secrets in 5 MiB of text that resembles them', () => {
    const secrets = Array.from(
      { length: 200 },
      (_, index) => `${'ab'.repeat(20)}${String(index).padStart(4, '0')}`,
    );
    const masks = new Masks(secrets);
    const text = 'ab'.repeat(24 * 1024);
    const stream = masks.stream();
    let length = 0;
    for (let piece = 0; piece < 107; piece++) {
      for (const out of stream.push({ text, ends: false, stampNs: undefined })) length += out.text.length;
    }
    for (const out of stream.push({ text: '', ends: true, stampNs: undefined })) length += out.text.length;
    expect(length).toBe(107 * text.length);
  });

  it.each([
    ['a long secret that is nearly there', 'a'.repeat(10_000), 'a'],
    ['a long secret that fails at its end', `${'ab'.repeat(5_000)}c`, 'ab'],
    ['a long secret with short ones within', `${'xyxz'.repeat(2_500)}!\nxy`, 'xyxz'],
  ])('does work linear in the text, in pieces of a few characters: %s', (_, secrets, unit) => {
    const touched = (pieces: number): number => {
      const stream = new Masks([secrets]).stream();
      for (let piece = 0; piece < pieces; piece++)
        stream.push({ text: unit, ends: false, stampNs: undefined });
      stream.push({ text: '', ends: true, stampNs: undefined });
      return stream.touched;
    };
    const [once, twice] = [touched(50_000), touched(100_000)];

    expect(twice / once).toBeLessThanOrEqual(2.3);
    expect(twice).toBeLessThan(4 * unit.length * 100_000);
  });
});
