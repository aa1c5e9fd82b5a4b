import 'dayjs/locale/zh-cn';

import { DatePicker } from 'antd';
import dayjs from 'dayjs';

import type { InputProps } from './FieldInput';

/** A civil date or a time in Shanghai. Typing `20260302` works too. */
export default function DateInput({ id, field, value, onChange, invalid, disabled, label, placeholder }: InputProps) {
  const time = field.type === 'date_time';
  // Times come with +08:00; the picker shows the written hour whatever the zone of this computer.
  const written = typeof value === 'string' ? value.slice(0, time ? 19 : 10) : null;
  return (
    <DatePicker
      id={id} aria-label={label} value={written ? dayjs(written) : null} status={invalid ? 'error' : undefined} disabled={disabled}
      showTime={time ? { format: 'HH:mm' } : false} format={time ? ['YYYY-MM-DD HH:mm', 'YYYYMMDD HHmm'] : ['YYYY-MM-DD', 'YYYYMMDD', 'YYYY.M.D']}
      placeholder={placeholder ?? '请选择日期'} style={{ width: '100%' }}
      onChange={(next) => onChange(next && !Array.isArray(next) ? next.format(time ? 'YYYY-MM-DDTHH:mm:00+08:00' : 'YYYY-MM-DD') : null)}
    />
  );
}
