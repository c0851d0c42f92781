/** Text that is already HTML; created only by {@link html} and {@link trustedHtml}. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** Allowed values in a template; the items of a list are concatenated. */
export type HtmlValue = Html | string | number | readonly HtmlValue[];

/** HTML template tag: inserted texts are escaped, for content and attributes alike; inserted HTML is not. Suitable for SVG too. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(String.raw({ raw: parts }, ...values.map(escaped)));
}

/** Text that is inserted unescaped: only for Hangar's own styles and scripts, never for external input. */
export const trustedHtml = (text: string): Html => new Html(text);

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(value: HtmlValue): string {
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(escaped).join('');
  return String(value).replace(/[&<>"']/g, (one) => ENTITIES[one] ?? one);
}
