import { Button, Input } from 'antd';
import { useState, type FormEvent } from 'react';

import type { ListPage } from '../../api/types';
import { FilterField } from './FilterField';
import { isFilterable, styleOf, type FilterInput } from './filters';
import { filterParam, SEARCH_PARAM, type ListState } from './useListState';

/** As many places as stand in one line with the buttons, which take two as ranges do. */
const PLACES = 4;

/** Conditions above a list. Enter or 查询 applies; the rest of many conditions is folded away until asked for or in use. */
export function FilterBar({ page, state }: { page: ListPage; state: ListState }) {
  const names = (page.filters ?? []).filter((name) => state.fields[name] && isFilterable(state.fields[name]));
  const [typed, setTyped] = useState<Record<string, FilterInput>>({});
  const [words, setWords] = useState<string | null>(null);
  const searchable = state.searched.length > 0;
  const fit = fitting(names, state, searchable ? 1 : 0);
  const foldedInUse = names.slice(fit).some((name) => state.inputs[name]?.length);
  const [unfolded, setUnfolded] = useState(foldedInUse);
  if (names.length === 0 && !searchable) return null;

  const shown = unfolded ? names : names.slice(0, fit);
  const apply = (more: Record<string, FilterInput> = {}) => {
    const all = { ...typed, ...more };
    const conditions = Object.entries(all).map(([name, value]) => [filterParam(name), value.some(Boolean) ? value : null] as const);
    state.set({ ...Object.fromEntries(conditions), ...(words !== null && { [SEARCH_PARAM]: words.trim() || null }) });
    setTyped({});
    setWords(null);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    apply();
  };
  const clear = () => {
    setTyped({});
    setWords(null);
    state.set({ ...Object.fromEntries(names.map((name) => [filterParam(name), null])), [SEARCH_PARAM]: null });
  };
  const inUse = Boolean(words ?? state.search) || names.some((name) => state.inputs[name]?.length || typed[name]);

  return (
    <form className="filters" role="search" onSubmit={submit}>
      {searchable && (
        <label className="filter">
          <span>搜索</span>
          <Input
            aria-label="搜索" allowClear autoComplete="off" maxLength={100} value={words ?? state.search}
            placeholder={state.searched.join('、')} title={`在${state.searched.join('、')}中查找，词之间用空格隔开`}
            onChange={(event) => setWords(event.target.value)}
          />
        </label>
      )}
      {shown.map((name) => (
        <FilterField
          key={name} name={name} field={state.fields[name]!} dictionary={state.dictionaries.get(state.fields[name]?.dictionary ?? '')}
          value={typed[name] ?? state.inputs[name] ?? []}
          onType={(value) => setTyped({ ...typed, [name]: value })}
          onChoose={(value) => apply({ [name]: value })}
        />
      ))}
      <div className="filters-buttons">
        <Button type="primary" htmlType="submit">查询</Button>
        {inUse && <Button onClick={clear}>清空</Button>}
        {names.length > fit && (
          <Button type="link" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
            {unfolded ? '收起' : `更多条件（${names.length - fit}）`}
          </Button>
        )}
      </div>
    </form>
  );
}

/** How many of the conditions stand in one line. */
function fitting(names: string[], state: ListState, taken: number): number {
  let places = taken;
  const fit = names.findIndex((name) => {
    const field = state.fields[name];
    const style = field && styleOf(name, field, state.dictionaries.get(field.dictionary ?? ''));
    places += style === 'dates' || style === 'range' ? 2 : 1;
    return places > PLACES;
  });
  return fit < 0 ? names.length : fit;
}
