import type { Page } from 'playwright-core';

/** How much wider the content is than the window, in pixels; 0: no horizontal scrolling. */
export const overhangPx = (page: Page): Promise<number> =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - window.innerWidth));

/** A text and its contrast with the background. */
export interface Contrast {
  readonly text: string;
  readonly ratio: number;
  readonly least: number;
}

/**
 * Contrast of every visible text.
 *
 * @see WCAG 2.2, 1.4.3 and the definitions of contrast ratio and relative luminance
 */
export const contrasts = (page: Page): Promise<readonly Contrast[]> =>
  page.evaluate(() => {
    type Color = readonly [red: number, green: number, blue: number, alpha: number];
    const colorOf = (css: string): Color => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
      return [red, green, blue, alpha];
    };
    const luminance = ([red, green, blue]: Color): number => {
      const [r = 0, g = 0, b = 0] = [red, green, blue].map((one) => {
        const share = one / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element: Element): Color => {
      for (let one: Element | null = element; one !== null; one = one.parentElement) {
        const color = colorOf(getComputedStyle(one).backgroundColor);
        if (color[3] === 1) return color;
      }
      return [255, 255, 255, 1];
    };
    return [...document.querySelectorAll('body *')].flatMap((element) => {
      const text = [...element.childNodes]
        .map((node) => (node.nodeType === Node.TEXT_NODE ? (node.textContent ?? '').trim() : ''))
        .join('');
      if (text === '' || !element.checkVisibility({ checkVisibilityCSS: true })) return [];
      if (['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION'].includes(element.tagName)) return [];
      const style = getComputedStyle(element);
      const color = colorOf(element instanceof SVGElement ? style.fill : style.color);
      const [one, other] = [luminance(color), luminance(behind(element))];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      const px = Number.parseFloat(style.fontSize);
      const isLarge = px >= 24 || (px >= 18.66 && Number(style.fontWeight) >= 700);
      return [{ text: text.slice(0, 60), ratio, least: isLarge ? 3 : 4.5 }];
    });
  });
