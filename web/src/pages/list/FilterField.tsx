import { Input, Select } from 'antd';
import { lazy, Suspense } from 'react';

import type { Dictionary, Field } from '../../api/types';
import { RefInput } from '../../kit/inputs/RefInput';
import { COUNTDOWN_CHOICES, styleOf, type FilterInput, type FilterStyle } from './filters';

const DateRange = lazy(() => import('../../kit/inputs/DateRange'));
const TreeInput = lazy(() => import('../../kit/inputs/TreeInput'));

interface Props {
  name: string;
  field: Field;
  dictionary?: Dictionary;
  value: FilterInput;
  /** Changed while typing: applied with Enter. */
  onType: (value: FilterInput) => void;
  /** Chosen: applied at once. */
  onChoose: (value: FilterInput) => void;
}

export function FilterField(props: Props) {
  const style = styleOf(props.name, props.field, props.dictionary);
  return (
    <label className={style === 'dates' || style === 'range' ? 'filter filter-wide' : 'filter'}>
      <span>{props.field.title}</span>
      <FilterControl {...props} style={style} />
    </label>
  );
}

function FilterControl({ field, dictionary, value, onType, onChoose, style }: Props & { style: FilterStyle }) {
  const label = field.title;
  const one = (chosen: unknown) => onChoose(typeof chosen === 'string' && chosen ? [chosen] : []);
  const waiting = <Input disabled aria-label={label} />;
  switch (style) {
    case 'choice':
    case 'countdown': {
      const choices = style === 'countdown' ? COUNTDOWN_CHOICES : (dictionary?.items ?? []);
      return (
        <Select
          mode="multiple" aria-label={label} allowClear maxTagCount="responsive" placeholder="全部" value={value} popupMatchSelectWidth={false}
          showSearch={{ optionFilterProp: 'label' }}
          options={choices.map((item) => ({ value: item.code, label: item.title }))} onChange={(codes: string[]) => onChoose(codes)}
        />
      );
    }
    case 'tree':
      return <Suspense fallback={waiting}><TreeInput items={dictionary?.items ?? []} value={value[0]} onChange={one} label={label} placeholder="全部" /></Suspense>;
    case 'boolean':
    case 'presence': {
      const [yes, no] = style === 'boolean' ? ['是', '否'] : ['有', '无'];
      const options = [{ value: 'true', label: yes }, { value: 'false', label: no }];
      return <Select aria-label={label} allowClear placeholder="全部" value={value[0]} options={options} onChange={one} />;
    }
    case 'dates':
      return <Suspense fallback={waiting}><DateRange label={label} value={value} onChange={onChoose} /></Suspense>;
    case 'range':
      return (
        <span className="filter-range">
          <Input aria-label={`${label}不低于`} inputMode="decimal" value={value[0] ?? ''} placeholder="不低于" onChange={(event) => onType([event.target.value, value[1] ?? ''])} />
          <Input aria-label={`${label}不高于`} inputMode="decimal" value={value[1] ?? ''} placeholder="不高于" onChange={(event) => onType([value[0] ?? '', event.target.value])} />
        </span>
      );
    case 'ref':
      return <RefInput field={field} value={value[0]} onChange={one} label={label} placeholder="全部" />;
    default:
      return (
        <Input
          aria-label={label} allowClear value={value[0] ?? ''} placeholder={style === 'exact' ? '须填写完整' : undefined} autoComplete="off"
          onChange={(event) => (event.target.value ? onType([event.target.value]) : onChoose([]))}
        />
      );
  }
}
