/** Shorter parts are ignored, as in the old runner (previous-runner §6.8). */
const SHORTEST_BYTES = 2;
/** Minimum length of an encoded form: a shorter one would mask ordinary words. */
const SHORTEST_FORM = 6;
/** Characters per line in the output of `base64` (76) and `openssl` (64). */
const WRAPPED_AT = [76, 64];
/** Maximum size of the encoded forms of all values together, besides the values themselves. Their tables take some 30 MB. */
const FORM_CHARACTERS = 1_000_000;

/**
 * Every text that must be masked for a set of secret values: their parts (split at newlines, trimmed, 2 bytes or more), the parts'
 * forms in base64 (three alignments, both alphabets), URLs and JSON, and the lines of a whole value in wrapped base64. Without
 * duplicates.
 */
export function formsOf(values: readonly string[]): string[] {
  const parts = new Set(values.flatMap(partsOf));
  const forms = new Set(parts);
  let room = FORM_CHARACTERS;
  for (const encoded of encodedOf(values, parts)) {
    room -= encoded.reduce((sum, form) => sum + form.length, 0);
    if (room < 0) break;
    for (const form of encoded) forms.add(form);
  }
  return [...forms];
}

function* encodedOf(values: readonly string[], parts: Iterable<string>): Iterable<readonly string[]> {
  for (const part of parts) yield encodedForms(part);
  for (const value of values) yield wrappedForms(value);
}

/** The lines of `echo "$KEY" | base64`, each as a text of its own. Not covered: text before the value, which would shift all lines. */
function wrappedForms(value: string): string[] {
  const text = alignedBase64(Buffer.from(value.toWellFormed()), 0);
  return WRAPPED_AT.filter((width) => text.length > width)
    .flatMap((width) => text.match(new RegExp(`.{1,${width}}`, 'g')) ?? [])
    .filter((line) => line.length >= SHORTEST_FORM);
}

function partsOf(value: string): string[] {
  return value
    .split('\n')
    .map((part) => part.trim())
    .filter((part) => Buffer.byteLength(part) >= SHORTEST_BYTES);
}

function encodedForms(part: string): string[] {
  const text = part.toWellFormed();
  const forms = [...base64Forms(Buffer.from(text)), ...urlForms(text), ...jsonForms(text)];
  return forms.filter((form) => form !== part && form.length >= SHORTEST_FORM);
}

function base64Forms(bytes: Buffer): string[] {
  const inside = [0, 1, 2].map((shift) => alignedBase64(bytes, shift));
  const forms = [bytes.toString('base64'), ...inside];
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** The characters of a base64 text that depend only on `bytes`, with `shift` (modulo 3) other bytes before them. */
function alignedBase64(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
}

function urlForms(text: string): string[] {
  const component = encodeURIComponent(text);
  const strict = component.replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const form = strict.replaceAll('%20', '+');
  const forms = [component, strict, form, encodeURI(text)];
  return [...forms, ...forms.map((one) => one.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

/** JSON as written by JavaScript and most others, by Go (`<`, `>`, `&` escaped), and with all non-ASCII characters escaped. */
function jsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const html = plain.replace(/[<>&]/g, escaped);
  const ascii = plain.replace(/[^\x20-\x7e]/g, escaped);
  return [plain, html, ascii, plain.replaceAll('/', '\\/')];
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
