import { describe, expect, it } from 'vitest';
import { html, trustedHtml } from './html.ts';

describe('html', () => {
  it('escapes inserted text, also in attributes', () => {
    const text = `<b a="1" c='2'>&`;
    expect(html`<p title="${text}">${text}</p>\n`.toString()).toBe(
      '<p title="&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;">&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;</p>\n',
    );
  });

  it('inserts HTML and trusted styles unchanged, and joins lists', () => {
    const items = ['a', '<b>'].map((one) => html`<li>${one}</li>`);
    expect(html`<style>${trustedHtml('a>b{}')}</style><ul>${items}</ul>${3}${[]}`.toString()).toBe(
      '<style>a>b{}</style><ul><li>a</li><li>&lt;b&gt;</li></ul>3',
    );
  });

  it('does not trust an object that only claims to be HTML', () => {
    const text: unknown = JSON.parse('["<i>"]');
    expect(html`${text as string[]}`.toString()).toBe('&lt;i&gt;');
  });
});
