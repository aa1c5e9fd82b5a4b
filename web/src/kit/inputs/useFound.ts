import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { entityQuery, recordsQuery } from '../../api/queries';
import type { Entity, Filter, RecordJson } from '../../api/types';

const FOUND_MAX = 20;
const TYPING_MS = 250;

/** Text fields of the entity's own display, and its key: what people call a record by. */
function searchFields(entity: Entity): string[] {
  const named = [...entity.display.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  const names = entity.key ? [entity.key, ...named] : named;
  return [...new Set(names)].filter((name) => {
    const field = entity.fields[name];
    return field && !field.sensitive && ['text', 'sequence', 'credit_code', 'phone'].includes(field.type);
  });
}

function searchFilter(entity: Entity, text: string): Filter | undefined {
  const tests = searchFields(entity).map((field): Filter => ({ field, op: 'contains', value: text }));
  if (!text || tests.length === 0) return undefined;
  return tests.length === 1 ? tests[0] : { or: tests };
}

export const optionOf = (record: RecordJson) => ({ value: record.id, label: typeof record.$display === 'string' ? record.$display : record.id });

/** Records of an entity as they are found by typing a part of their name, with what a select needs for it. */
export function useFound(target: string) {
  const [typed, setTyped] = useState('');
  // Nothing is asked for before the select is opened or typed in.
  const [asked, setAsked] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setAsked((before) => (before === null && typed === '' ? null : typed)), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);

  const entity = useQuery({ ...entityQuery(target), enabled: Boolean(target) }).data;
  const found = useQuery({
    ...recordsQuery(target, { where: entity && searchFilter(entity, asked ?? ''), page: { size: FOUND_MAX } }),
    enabled: Boolean(entity) && asked !== null,
  });
  return {
    items: found.data?.items ?? [],
    select: {
      allowClear: true,
      showSearch: { filterOption: false, onSearch: setTyped },
      loading: found.isFetching,
      popupMatchSelectWidth: false,
      notFoundContent: found.isFetching ? '正在查找' : found.isError ? '查找失败，请重试' : '没有找到',
      onOpenChange: (open: boolean) => open && setAsked((before) => before ?? ''),
    },
  };
}
