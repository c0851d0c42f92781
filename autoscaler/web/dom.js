/** @typedef {Node | string} Child */
/** @typedef {Readonly<Record<string, string | number>>} Attributes */

/**
 * An element that page.html must contain.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`page.html lacks #${id}`);
  return found;
}

/**
 * Creates an element. Text is escaped.
 * @param {string} tag
 * @param {Attributes} attributes
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/**
 * @param {string} tag
 * @param {Attributes} attributes
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** @param {readonly Child[]} items */
export const list = (items) => el('ul', {}, ...items.map((item) => el('li', {}, item)));

/**
 * A collapsible section; `key` identifies it, so that it stays open when the part around it is redrawn.
 * @param {string} key
 * @param {string} summary
 * @param {...Child} children
 */
export const details = (key, summary, ...children) =>
  el('details', { 'data-key': key }, el('summary', { 'data-focus': key }, summary), ...children);

/** @typedef {{ readonly caption: string, readonly head: readonly string[], readonly rows: readonly (readonly Child[])[], readonly numbers?: readonly number[], readonly isNarrow?: boolean }} TableParts */

/**
 * A table. The first cell of a row is its header; `numbers` are the columns with figures. On a phone its rows become cards, which is
 * why elements name their roles; a narrow table stays one.
 * @param {TableParts} parts
 */
export function table({ caption, head, rows, numbers = [], isNarrow = false }) {
  /** @param {number} column */
  const kind = (column) => (numbers.includes(column) ? { class: 'number' } : {});
  const body = rows.map((cells) =>
    el(
      'tr',
      { role: 'row' },
      ...cells.map((cell, column) =>
        column === 0
          ? el('th', { role: 'rowheader', scope: 'row', ...kind(column) }, cell)
          : el('td', { role: 'cell', 'data-label': head[column] ?? '', ...kind(column) }, cell),
      ),
    ),
  );
  return el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption, 'data-focus': caption },
    el(
      'table',
      { role: 'table', ...(isNarrow ? { class: 'narrow' } : {}) },
      el('caption', { class: 'unseen' }, caption),
      el(
        'thead',
        {},
        el(
          'tr',
          { role: 'row' },
          ...head.map((one, column) =>
            el('th', { role: 'columnheader', scope: 'col', ...kind(column) }, one),
          ),
        ),
      ),
      el('tbody', {}, ...body),
    ),
  );
}

/** The last data of each part, to skip redrawing unchanged ones. @type {Map<string, string>} */
const shown = new Map();

/**
 * Redraws a part of the page if its data changed. Open sections stay open, and the focus is kept.
 * @template T
 * @param {string} id
 * @param {T} data
 * @param {(data: T) => readonly Child[]} draw
 */
export function show(id, data, draw) {
  const text = JSON.stringify(data) ?? '';
  if (shown.get(id) === text) return;
  shown.set(id, text);
  const place = byId(id);
  const restore = remembered(place);
  place.replaceChildren(...draw(data));
  restore();
}

/**
 * The open sections of a part and the position of the focus.
 * @param {HTMLElement} place
 * @returns {() => void} restores both after a redraw
 */
function remembered(place) {
  const key = 'data-key';
  const open = new Set([...place.querySelectorAll('details[open]')].map((one) => one.getAttribute(key)));
  const { activeElement } = document;
  const focus = place.contains(activeElement) ? activeElement?.getAttribute('data-focus') : undefined;
  return () => {
    for (const one of place.querySelectorAll('details')) one.open = open.has(one.getAttribute(key));
    const focused = [...place.querySelectorAll('[data-focus]')].find(
      (one) => one.getAttribute('data-focus') === focus,
    );
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  };
}
