import { describe, expect, it } from 'vitest';
import { html, trustedHtml } from './html.ts';

describe('html', () => {
  it('escapes what is put in, also as an attribute', () => {
    const text = `<b a="1" c='2'>&`;
    expect(html`<p title="${text}">${text}</p>\n`.toString()).toBe(
      '<p title="&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;">&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;</p>\n',
    );
  });

  it('leaves HTML and our own styles as they are, and puts lists together', () => {
    const items = ['a', '<b>'].map((one) => html`<li>${one}</li>`);
    expect(html`<style>${trustedHtml('a>b{}')}</style><ul>${items}</ul>${3}${[]}`.toString()).toBe(
      '<style>a>b{}</style><ul><li>a</li><li>&lt;b&gt;</li></ul>3',
    );
  });

  it('does not take an object for HTML because it says so', () => {
    const text: unknown = JSON.parse('["<i>"]');
    expect(html`${text as string[]}`.toString()).toBe('&lt;i&gt;');
  });
});
