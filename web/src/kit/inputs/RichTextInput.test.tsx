import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';

import type { Field, Json } from '../../api/types';
import { LinkTool } from './LinkTool';
import RichTextInput from './RichTextInput';

const field: Field = { title: '说明', type: 'rich_text' };

function Form({ onSent }: { onSent: (value: Json) => void }) {
  const [value, setValue] = useState<Json>('<p>甲</p>');
  const put = (next: Json) => {
    setValue(next);
    onSent(next);
  };
  return (
    <>
      <RichTextInput field={field} value={value} onChange={put} />
      <button onClick={() => setValue('<p>丙</p>')}>重置</button>
    </>
  );
}

describe('rich text', () => {
  it('leaves the area to who types, and takes what comes from outside', async () => {
    const onSent = vi.fn();
    render(<Form onSent={onSent} />);
    const area = screen.getByRole('textbox', { name: '说明' });
    const text = area.querySelector('p')!.firstChild!;
    text.textContent = '甲乙';
    fireEvent.input(area);
    fireEvent.blur(area);
    expect(onSent.mock.calls).toEqual([['<p>甲乙</p>']]);
    expect(area.querySelector('p')?.firstChild).toBe(text);

    await userEvent.click(screen.getByRole('button', { name: '重置' }));
    expect(area.innerHTML).toBe('<p>丙</p>');
    area.innerHTML = '<p><br></p>';
    fireEvent.input(area);
    expect(onSent).toHaveBeenLastCalledWith(null);
  });

  it('says which addresses a link takes', async () => {
    const [onOpen, onLink] = [vi.fn(), vi.fn()];
    render(<LinkTool onOpen={onOpen} onLink={onLink} />);
    await userEvent.click(screen.getByRole('button', { name: '链接' }));
    expect(onOpen).toHaveBeenCalledTimes(1);
    const address = screen.getByLabelText('链接地址');
    await waitFor(() => expect(document.activeElement).toBe(address));
    await userEvent.type(address, 'www.x.cn{Enter}');
    expect(screen.getByRole('alert').textContent).toBe('请输入 http:// 或 https:// 开头的地址');
    expect(onLink).not.toHaveBeenCalled();
    await userEvent.clear(address);
    await userEvent.type(address, 'https://x.cn{Enter}');
    expect(onLink.mock.calls).toEqual([['https://x.cn']]);
  });
});
