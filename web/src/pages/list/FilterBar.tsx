import { Button } from 'antd';
import { useState, type FormEvent } from 'react';

import type { ListPage } from '../../api/types';
import { FilterField } from './FilterField';
import { styleOf, type FilterInput } from './filters';
import { filterParam, type ListState } from './useListState';

/** As many places as stand in one line with the buttons; ranges take two. */
const PLACES = 5;

/** Conditions above a list. Enter or 查询 applies; the rest of many conditions is folded away until asked for or in use. */
export function FilterBar({ page, state }: { page: ListPage; state: ListState }) {
  const names = (page.filters ?? []).filter((name) => state.fields[name]);
  const [typed, setTyped] = useState<Record<string, FilterInput>>({});
  const fit = fitting(names, state);
  const foldedInUse = names.slice(fit).some((name) => state.inputs[name]?.length);
  const [unfolded, setUnfolded] = useState(foldedInUse);
  if (names.length === 0) return null;

  const shown = unfolded ? names : names.slice(0, fit);
  const apply = (more: Record<string, FilterInput> = {}) => {
    const all = { ...typed, ...more };
    state.set(Object.fromEntries(Object.entries(all).map(([name, value]) => [filterParam(name), value.some(Boolean) ? value : null])));
    setTyped({});
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    apply();
  };
  const clear = () => {
    setTyped({});
    state.set(Object.fromEntries(names.map((name) => [filterParam(name), null])));
  };
  const inUse = names.some((name) => state.inputs[name]?.length || typed[name]);

  return (
    <form className="filters" role="search" onSubmit={submit}>
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
function fitting(names: string[], state: ListState): number {
  let places = 0;
  const fit = names.findIndex((name) => {
    const field = state.fields[name];
    const style = field && styleOf(name, field, state.dictionaries.get(field.dictionary ?? ''));
    places += style === 'dates' || style === 'range' ? 2 : 1;
    return places > PLACES;
  });
  return fit < 0 ? names.length : fit;
}
