import { useMemo } from 'react';

import type { Dictionary, DictionaryItem } from '../../api/types';

/** Items that may be chosen, retired ones only where they stand; the same list as long as these stay the same. */
export function useOffered(dictionary: Dictionary | undefined, chosen: string[]): DictionaryItem[] {
  const kept = chosen.join('\n');
  return useMemo(() => {
    const standing = new Set(kept.split('\n'));
    return (dictionary?.items ?? []).filter((item) => !item.retired || standing.has(item.code));
  }, [dictionary, kept]);
}
