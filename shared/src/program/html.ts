/** Text that is HTML already; made by {@link html} and {@link trustedHtml} alone. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What may stand in a template; a list stands for its items one after another. */
export type HtmlValue = Html | string | number | readonly HtmlValue[];

/** HTML by a template: every text that is put in is escaped, for content and attributes alike; HTML that is put in is not. Right for SVG too. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(String.raw({ raw: parts }, ...values.map(escaped)));
}

/** Text that is put in as it stands: our own styles and scripts, and nothing that came from outside. */
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
