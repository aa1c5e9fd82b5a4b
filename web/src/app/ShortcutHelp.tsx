import { QuestionCircleOutlined } from '@ant-design/icons';
import { Button, Popover } from 'antd';
import { useState } from 'react';

import { useListedShortcuts, useShortcuts, type Shortcut } from '../kit/shortcuts';

const NAMES: Record<string, string> = { 'Ctrl+Enter': 'Ctrl + Enter', Enter: 'Enter', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', ' ': '空格' };

/** The keys that work on the page as it stands; `?` opens and closes it. */
export function ShortcutHelp() {
  const [open, setOpen] = useState(false);
  useShortcuts([{ key: '?', title: '打开或关闭本说明', group: '通用', run: () => setOpen((before) => !before) }]);
  return (
    <Popover
      open={open} onOpenChange={setOpen} trigger="click" placement="bottomRight" title="键盘快捷键" content={<ShortcutList />}
    >
      <Button type="text" icon={<QuestionCircleOutlined aria-hidden />} aria-label="键盘快捷键" title="键盘快捷键（?）" />
    </Popover>
  );
}

function ShortcutList() {
  const groups = new Map<string, Shortcut[]>();
  for (const one of useListedShortcuts()) {
    const list = groups.get(one.group) ?? [];
    // A key that a page takes over is listed once, with its present meaning.
    groups.set(one.group, [...list.filter((other) => other.key !== one.key), one]);
  }
  return (
    <div className="shortcut-help">
      {[...groups].reverse().map(([group, list]) => (
        <section key={group}>
          <h3>{group}</h3>
          <dl>
            {list.map((one) => (
              <div key={one.key}>
                <dt><kbd>{NAMES[one.key] ?? one.key.toUpperCase()}</kbd></dt>
                <dd>{one.title}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}
