import type { DictionaryItem } from '../../api/types';

export interface Branch {
  value: string;
  label: string;
  children?: Branch[];
}

/** Items with parents → a tree. An item whose parent is unknown stands at the root. */
export function treeOf(items: DictionaryItem[]): Branch[] {
  const branches = new Map<string, Branch>(items.map((item) => [item.code, { value: item.code, label: item.title }]));
  const roots: Branch[] = [];
  for (const item of items) {
    const branch = branches.get(item.code)!;
    const parent = item.parent ? branches.get(item.parent) : undefined;
    if (parent && parent !== branch) (parent.children ??= []).push(branch);
    else roots.push(branch);
  }
  return roots;
}

/** Codes from the root down to `code`. */
export function pathTo(items: DictionaryItem[], code: string | undefined): string[] {
  const path: string[] = [];
  let at = items.find((item) => item.code === code);
  while (at && !path.includes(at.code)) {
    path.unshift(at.code);
    const parent: string | null | undefined = at.parent;
    at = parent ? items.find((item) => item.code === parent) : undefined;
  }
  return path;
}
