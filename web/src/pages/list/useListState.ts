import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'react-router';

import { recordsQuery } from '../../api/queries';
import type { Dictionary, Entity, ListPage, Query } from '../../api/types';
import { useMaybeSession } from '../../app/session';
import { useDictionaries, useFieldPaths, type Fields } from '../../kit/fields';
import { sameForAll } from '../../kit/scope';
import { allOf, filterFrom, filterOf, isFilterable, sortOf, styleOf, type FilterInput } from './filters';

const SIZE_DEFAULT = 20;
const FILTER_PREFIX = 'f.';
export const SEARCH_PARAM = 'q';

export interface ListState {
  fields: Fields;
  dictionaries: Map<string, Dictionary>;
  inputs: Record<string, FilterInput>;
  /** Words looked for, and in which fields; none when the entity is not searched. */
  search: string;
  searched: string[];
  view: string | null;
  number: number;
  size: number;
  sort: string | null;
  /** A condition brought along from a figure elsewhere. */
  brought: string | null;
  set: (changes: Record<string, string | string[] | null>) => void;
}

/** Filters, view, order and page of a list. They live in the address, so that a list can be sent to a colleague. */
export function useListState(definition: ListPage, entity: Entity | undefined) {
  const [params, setParams] = useSearchParams();
  const session = useMaybeSession();
  const page = useMemo(() => withoutConstants(definition, sameForAll(entity, session)), [definition, entity, session]);
  const fields = useFieldPaths(entity, [...page.columns.map((column) => column.field), ...(page.filters ?? [])]);
  const dictionaries = useDictionaries(Object.values(fields));

  const set = useCallback(
    (changes: Record<string, string | string[] | null>) =>
      setParams(
        (before) => {
          const next = new URLSearchParams(before);
          // Any change but of the page itself starts at the first page again.
          if (!('page' in changes)) next.delete('page');
          for (const [name, value] of Object.entries(changes)) {
            next.delete(name);
            for (const one of value === null ? [] : [value].flat()) next.append(name, one);
          }
          return next;
        },
        { replace: true },
      ),
    [setParams],
  );

  const inputs: Record<string, FilterInput> = {};
  for (const name of page.filters ?? []) inputs[name] = params.getAll(FILTER_PREFIX + name);
  const state: ListState = {
    fields, dictionaries, inputs, set,
    search: params.get(SEARCH_PARAM) ?? '',
    searched: (entity?.search ?? []).flatMap((name) => entity?.fields[name]?.title ?? []),
    view: params.get('view'),
    number: Math.max(1, Number(params.get('page')) || 1),
    size: Math.min(100, Number(params.get('size')) || SIZE_DEFAULT),
    sort: params.get('sort'),
    brought: params.get('where'),
  };

  const conditions = (page.filters ?? []).map((name) => {
    const field = fields[name];
    if (!field || !isFilterable(field)) return null;
    return filterOf(name, field, styleOf(name, field, dictionaries.get(field.dictionary ?? '')), inputs[name] ?? []);
  });
  const query: Query = {
    where: allOf([page.where, page.views?.[state.view ?? ''], filterFrom(state.brought), ...conditions]),
    ...(state.search && state.searched.length > 0 && { search: state.search }),
    select: [...new Set([...page.columns.map((column) => column.field), ...(page.detail_of ? [page.detail_of] : [])])],
    sort: sortOf(state.sort, page.sort),
    page: { size: state.size, number: state.number },
    count: true,
  };
  // A filter of the address whose field is not known yet would be left out: wait rather than show too much.
  const ready = (page.filters ?? []).every((name) => {
    const field = fields[name];
    if (!inputs[name]?.length) return true;
    return field && (!field.dictionary || dictionaries.has(field.dictionary));
  });
  const records = useQuery({ ...recordsQuery(page.entity, query), enabled: Boolean(entity) && ready });
  return { page, state, records, query };
}

/** The list without columns and filters of fields that are the same in every row. */
function withoutConstants(page: ListPage, constant: Set<string>): ListPage {
  return {
    ...page,
    columns: page.columns.filter((column) => !constant.has(column.field)),
    filters: page.filters?.filter((name) => !constant.has(name)),
  };
}

export const filterParam = (name: string) => FILTER_PREFIX + name;
