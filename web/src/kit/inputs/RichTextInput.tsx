import '../richtext.css';

import { BoldOutlined, ItalicOutlined, OrderedListOutlined, StrikethroughOutlined, UnderlineOutlined, UnorderedListOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { type ClipboardEvent, type ReactNode, useEffect, useRef } from 'react';

import { isEmpty, readMarkup, writeMarkup } from '../richText';
import type { InputProps } from './FieldInput';
import { LinkTool } from './LinkTool';

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
export default function RichTextInput({ id, field, value, onChange, invalid, disabled, label }: InputProps) {
  const area = useRef<HTMLDivElement>(null);
  // What the area holds, as it was last given or sent.
  const held = useRef<string | null>(null);
  // What was marked before the focus went to the address of a link.
  const marked = useRef<Range | null>(null);
  const given = typeof value === 'string' ? value : '';
  // The browser owns the area while somebody types; only what comes from outside is put into it.
  useEffect(() => {
    if (!area.current || given === held.current) return;
    area.current.innerHTML = cleaned(given);
    held.current = given;
  }, [given]);

  const changed = () => {
    const nodes = readMarkup(area.current?.innerHTML ?? '');
    const markup = isEmpty(nodes) ? '' : writeMarkup(nodes);
    if (markup === held.current) return;
    held.current = markup;
    onChange(markup || null);
  };
  const run = (command: string, argument?: string) => {
    area.current?.focus();
    document.execCommand(command, false, argument);
    changed();
  };
  const mark = () => {
    const selection = window.getSelection();
    const range = selection?.rangeCount ? selection.getRangeAt(0) : null;
    marked.current = range && area.current?.contains(range.commonAncestorContainer) ? range.cloneRange() : null;
  };
  const addLink = (address: string) => {
    area.current?.focus();
    const selection = window.getSelection();
    if (marked.current) {
      selection?.removeAllRanges();
      selection?.addRange(marked.current);
    }
    // Where nothing is marked, the address itself becomes the text.
    if (selection?.isCollapsed) run('insertHTML', writeMarkup([{ tag: 'a', href: address, children: [address] }]));
    else run('createLink', address);
  };
  const paste = (event: ClipboardEvent) => {
    event.preventDefault();
    const markup = event.clipboardData.getData('text/html');
    if (markup) document.execCommand('insertHTML', false, cleaned(markup));
    else document.execCommand('insertText', false, event.clipboardData.getData('text/plain'));
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
          <LinkTool onOpen={mark} onLink={addLink} />
        </div>
      )}
      <div
        ref={area} id={id} className="rich-text" role="textbox" aria-multiline aria-label={label ?? field.title} aria-invalid={invalid}
        contentEditable={!disabled} suppressContentEditableWarning onInput={changed} onBlur={changed} onPaste={paste}
      />
    </div>
  );
}
