import '../richtext.css';

import { BoldOutlined, ItalicOutlined, LinkOutlined, OrderedListOutlined, StrikethroughOutlined, UnderlineOutlined, UnorderedListOutlined } from '@ant-design/icons';
import { Button, Input, Popover } from 'antd';
import { type ClipboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';

import { isEmptyMarkup, readMarkup, writeMarkup } from '../richText';
import type { InputProps } from './FieldInput';

const TOOLS: [string, string, ReactNode][] = [
  ['bold', '加粗', <BoldOutlined key="b" aria-hidden />],
  ['italic', '斜体', <ItalicOutlined key="i" aria-hidden />],
  ['underline', '下划线', <UnderlineOutlined key="u" aria-hidden />],
  ['strikeThrough', '删除线', <StrikethroughOutlined key="s" aria-hidden />],
  ['insertUnorderedList', '项目符号', <UnorderedListOutlined key="ul" aria-hidden />],
  ['insertOrderedList', '编号', <OrderedListOutlined key="ol" aria-hidden />],
];
const BLOCKS: [string, string][] = [['h3', '标题'], ['p', '正文']];

const cleaned = (markup: string) => writeMarkup(readMarkup(markup));

/** Text with headings, lists and links. What is typed or pasted is held to the tags that the server takes. */
export default function RichTextInput({ id, field, value, onChange, invalid, disabled, label, placeholder }: InputProps) {
  const area = useRef<HTMLDivElement>(null);
  const [link, setLink] = useState<string | null>(null);
  const given = typeof value === 'string' ? value : '';
  // The browser owns the area while somebody types; only what comes from outside is put into it.
  useEffect(() => {
    if (area.current && cleaned(area.current.innerHTML) !== cleaned(given)) area.current.innerHTML = cleaned(given);
  }, [given]);

  const changed = () => {
    const markup = cleaned(area.current?.innerHTML ?? '');
    onChange(isEmptyMarkup(markup) ? null : markup);
  };
  const run = (command: string, argument?: string) => {
    area.current?.focus();
    document.execCommand(command, false, argument);
    changed();
  };
  const paste = (event: ClipboardEvent) => {
    event.preventDefault();
    const markup = event.clipboardData.getData('text/html');
    if (markup) document.execCommand('insertHTML', false, cleaned(markup));
    else document.execCommand('insertText', false, event.clipboardData.getData('text/plain'));
  };
  const addLink = () => {
    if (link && /^https?:\/\/\S+$/.test(link)) run('createLink', link);
    setLink(null);
  };

  return (
    <div className={invalid ? 'rich-input invalid' : 'rich-input'}>
      {!disabled && (
        <div className="rich-tools" role="toolbar" aria-label="格式">
          {BLOCKS.map(([tag, title]) => (
            <Button key={tag} type="text" size="small" onMouseDown={(event) => event.preventDefault()} onClick={() => run('formatBlock', tag)}>{title}</Button>
          ))}
          {TOOLS.map(([command, title, icon]) => (
            <Button key={command} type="text" size="small" icon={icon} title={title} aria-label={title} onMouseDown={(event) => event.preventDefault()} onClick={() => run(command)} />
          ))}
          <Popover
            open={link !== null} trigger="click" onOpenChange={(open) => !open && setLink(null)}
            content={<Input.Search aria-label="链接地址" placeholder="https://" value={link ?? ''} enterButton="确定" onChange={(event) => setLink(event.target.value)} onSearch={addLink} />}
          >
            <Button type="text" size="small" icon={<LinkOutlined aria-hidden />} title="链接" aria-label="链接" onMouseDown={(event) => event.preventDefault()} onClick={() => setLink('')} />
          </Popover>
        </div>
      )}
      <div
        ref={area} id={id} className="rich-text" role="textbox" aria-multiline aria-label={label ?? field.title} aria-invalid={invalid} aria-placeholder={placeholder}
        contentEditable={!disabled} suppressContentEditableWarning onInput={changed} onBlur={changed} onPaste={paste}
      />
    </div>
  );
}
