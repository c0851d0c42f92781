/**
 * One code of a style: 0 to 7, 22 to 27 and colours, of the palette or free. Not 8, which conceals, nor others that terminals give
 * meanings of their own. Each code is matched in one way only, so that no text makes this slow.
 */
const CODE = /(?:0?[0-7]|2[2-7]|[349][0-7]|[34]9|10[0-7]|[34]8;(?:0?5;\d{1,3}|0?2;\d{1,3};\d{1,3};\d{1,3}))?/
  .source;
/** Colours and other styles of text, which change nothing but how it looks. */
const STYLE = new RegExp(`\u001b\\[${CODE}(?:;${CODE})*m`, 'g');
/**
 * Control characters but tab and line feed, what reverses, joins or tags text (`Cf`), and what is drawn as nothing: separators of lines,
 * fillers, and the whole block of tags.
 */
const UNSEEN =
  /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\u{e0000}-\u{e0fff}]/gu;

/**
 * A text as a terminal may get it: what could move the cursor, change the terminal or hide text is shown as its code (`\x1b`, `\u202e`);
 * colours pass. Names, files and logs come from people who must not control another person's terminal.
 */
export function visibleText(text: string): string {
  const plain = text.split(STYLE);
  const styles = text.match(STYLE) ?? [];
  return plain.map((part, index) => part.replace(UNSEEN, escaped) + (styles[index] ?? '')).join('');
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}
