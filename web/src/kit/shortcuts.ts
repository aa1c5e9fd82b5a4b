import { useEffect, useRef, useSyncExternalStore } from 'react';

/** One key of a page. `key` is as the keyboard reports it, e.g. `j`, `?`, `Enter`, `Ctrl+Enter`. */
export interface Shortcut {
  key: string;
  title: string;
  /** Under which heading the help lists it. */
  group: string;
  run: () => void;
}

/** What a key press is called in a `Shortcut`; `Meta` counts as `Ctrl`, so that Macs need no list of their own. */
export function keyOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${key}`;
}

const TYPING = 'input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=true], [role=combobox]';
const COVERING = '.ant-modal-wrap:not([style*="display: none"]), .ant-drawer-open';

/** Whether somebody is writing, so that letters are text and no commands. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(TYPING) !== null;
}

type Registered = { current: Shortcut[] };

const registered: Registered[] = [];
const listeners = new Set<() => void>();
let listed: Shortcut[] = [];

function changed() {
  listed = registered.flatMap((one) => one.current);
  listeners.forEach((listener) => listener());
}

/** Runs the shortcut of a key press; of two for the same key, the later one. */
export function pressed(event: KeyboardEvent, covered = document.querySelector(COVERING) !== null): void {
  if (event.isComposing || event.defaultPrevented || covered) return;
  const key = keyOf(event);
  if (isTyping(event.target) && !key.startsWith('Ctrl+')) return;
  // Enter and space belong to the link or button that has the focus.
  if ((key === 'Enter' || key === ' ') && event.target instanceof Element && event.target.closest('a, button, summary')) return;
  const found = registered.flatMap((one) => one.current).findLast((one) => one.key === key);
  if (!found) return;
  event.preventDefault();
  found.run();
}

/** Makes keys work while the component is shown, and lists them in the help. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const held = useRef<Shortcut[]>(shortcuts);
  const names = shortcuts.map((one) => `${one.key} ${one.title}`).join('\n');
  useEffect(() => {
    held.current = shortcuts;
  });
  useEffect(() => {
    const mine = held;
    registered.push(mine);
    if (registered.length === 1) window.addEventListener('keydown', listener);
    return () => {
      registered.splice(registered.indexOf(mine), 1);
      if (registered.length === 0) window.removeEventListener('keydown', listener);
      changed();
    };
  }, []);
  useEffect(changed, [names]);
}

const listener = (event: KeyboardEvent) => pressed(event);

/** All shortcuts that work now. */
export function useListedShortcuts(): Shortcut[] {
  return useSyncExternalStore(
    (notify) => {
      listeners.add(notify);
      return () => listeners.delete(notify);
    },
    () => listed,
  );
}
