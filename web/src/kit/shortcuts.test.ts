import { renderHook } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';

import { keyOf, pressed, useListedShortcuts, useShortcuts } from './shortcuts';

function press(key: string, target: Element = document.body, more: KeyboardEventInit = {}) {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event;
}

function input(html: string): Element {
  document.body.innerHTML = html;
  return document.body.querySelector('input, textarea, button')!;
}

describe('shortcuts', () => {
  it('name keys the same with either case, and Meta like Ctrl', () => {
    expect(keyOf(new KeyboardEvent('keydown', { key: 'J', shiftKey: true }))).toBe('j');
    expect(keyOf(new KeyboardEvent('keydown', { key: 'Enter', metaKey: true }))).toBe('Ctrl+Enter');
  });

  it('run while their component is shown, and no longer', () => {
    const run = vi.fn();
    const { unmount } = renderHook(() => useShortcuts([{ key: 'j', title: '下一件', group: '案件', run }]));
    expect(press('j').defaultPrevented).toBe(true);
    unmount();
    press('j');
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('leave letters alone while somebody types, but not Ctrl+Enter', () => {
    const [letter, submit] = [vi.fn(), vi.fn()];
    renderHook(() => useShortcuts([
      { key: 'j', title: '下一件', group: '案件', run: letter },
      { key: 'Ctrl+Enter', title: '提交', group: '案件', run: submit },
    ]));
    const box = input('<textarea></textarea>');
    press('j', box);
    press('Enter', box, { ctrlKey: true });
    expect(letter).not.toHaveBeenCalled();
    expect(submit).toHaveBeenCalledTimes(1);
  });

  it('leave Enter to the button that has the focus', () => {
    const run = vi.fn();
    renderHook(() => useShortcuts([{ key: 'Enter', title: '打开', group: '列表', run }]));
    press('Enter', input('<button>取消</button>'));
    expect(run).not.toHaveBeenCalled();
    press('Enter');
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('rest while a dialog covers the page, and while a word is being composed', () => {
    const run = vi.fn();
    renderHook(() => useShortcuts([{ key: 'j', title: '下一件', group: '案件', run }]));
    pressed(new KeyboardEvent('keydown', { key: 'j' }), true);
    press('j', document.body, { isComposing: true });
    expect(run).not.toHaveBeenCalled();
  });

  it('give a key to the later of two, and are listed for the help', () => {
    const [page, viewer] = [vi.fn(), vi.fn()];
    renderHook(() => useShortcuts([{ key: 'r', title: '刷新', group: '案件', run: page }]));
    renderHook(() => useShortcuts([{ key: 'r', title: '旋转', group: '材料', run: viewer }]));
    press('r');
    expect(page).not.toHaveBeenCalled();
    expect(viewer).toHaveBeenCalledTimes(1);
    const { result } = renderHook(() => useListedShortcuts());
    expect(result.current.map((one) => one.title)).toEqual(['刷新', '旋转']);
  });
});
