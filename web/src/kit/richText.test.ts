import { describe, expect, it } from 'vitest';

import { isEmpty, plainOf, readMarkup, writeMarkup } from './richText';

const kept = (markup: string) => writeMarkup(readMarkup(markup));

describe('rich text', () => {
  it('keeps the tags that the server takes, in its one form', () => {
    const markup = '<h3>说明</h3><ul><li>甲 &amp; 乙</li></ul><p><strong>丙</strong><br><a href="https://x.cn/?a=1&amp;b=2">丁</a></p>';
    expect(kept(markup)).toBe(markup);
    expect(kept('<div><b>甲</b><i>乙</i></div>')).toBe('<p><strong>甲</strong><em>乙</em></p>');
    expect(kept('<table>\n <tr>\n <td colspan="2" style="x">甲</td></tr></table>')).toBe('<table><tbody><tr><td colspan="2">甲</td></tr></tbody></table>');
  });

  it('leaves nothing that a browser would run', () => {
    for (const markup of [
      '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '<p onclick="alert(1)">甲</p>', '<a href="javascript:alert(1)">甲</a>',
      '<svg><script>alert(1)</script></svg>', '<iframe src="https://x.cn"></iframe>', '<style>p{}</style>',
    ]) {
      expect(kept(markup)).not.toMatch(/script|onerror|onclick|javascript|iframe|svg|img|style/);
    }
    expect(kept('<span style="color:red">甲<font>乙</font></span>')).toBe('甲乙');
    expect(kept('<li>甲</li>')).toBe('甲');
  });

  it('tells plain text and emptiness', () => {
    expect(plainOf('<p>甲</p><ul><li>乙</li><li>丙</li></ul>')).toBe('甲 乙 丙');
    expect(plainOf('<h2>说明</h2>甲<blockquote>乙</blockquote>丙<br>丁')).toBe('说明 甲 乙 丙 丁');
    expect(plainOf('<table><tr><td>甲</td><td>乙</td></tr><tr><td>丙</td></tr></table>')).toBe('甲 乙 丙');
    expect(plainOf('<p><strong>月</strong>租<a href="https://x.cn">金</a></p>')).toBe('月租金');
    expect(['<p><br></p>', '<p>0</p>'].map((markup) => isEmpty(readMarkup(markup)))).toEqual([true, false]);
  });
});
