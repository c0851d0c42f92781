/** Parts shorter than this are ignored, as they always were (previous-runner §6.8). */
const SHORTEST_BYTES = 2;
/** A shorter encoded form would hide ordinary words. */
const SHORTEST_FORM = 6;
/** Characters in a line of what `base64` (76) and `openssl` (64) print. */
const WRAPPED_AT = [76, 64];
/** Room for encoded forms of all values together; the values themselves always fit. Some 30 MB of tables. */
const FORM_CHARACTERS = 1_000_000;

/**
 * Every text that must not be seen, for a set of secret values: their parts (split at newlines, trimmed, 2 bytes or more), then
 * the parts' forms in base64 (three alignments, both alphabets), URLs and JSON, and the lines of a whole value in base64 that
 * was wrapped. Without duplicates.
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

/** `echo "$KEY" | base64`: lines of which each is a text of its own. What stands before the value would shift them all: that is not covered. */
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

/** The characters of a base64 text that depend on `bytes` alone, when `shift` (modulo 3) other bytes stand before them. */
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

/** As JavaScript and most write it, as Go does (`<`, `>`, `&` escaped), and with everything beyond ASCII escaped. */
function jsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const html = plain.replace(/[<>&]/g, escaped);
  const ascii = plain.replace(/[^\x20-\x7e]/g, escaped);
  return [plain, html, ascii, plain.replaceAll('/', '\\/')];
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
