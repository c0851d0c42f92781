/** Colours and other styles of text, which change nothing but how it looks. */
const STYLE = /\u001b\[[0-9;:]*m/g;
/** Control characters but tab and line feed, and characters that reverse or hide text. */
const UNSEEN =
  /[\0-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

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
  return code <= 0xff
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
