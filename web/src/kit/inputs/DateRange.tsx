import 'dayjs/locale/zh-cn';

import { DatePicker } from 'antd';
import dayjs from 'dayjs';

interface Props {
  label: string;
  value: string[];
  onChange: (value: string[]) => void;
}

/** From and to, either may stay open. */
export default function DateRange({ label, value, onChange }: Props) {
  const day = (text: string | undefined) => (text ? dayjs(text) : null);
  return (
    <DatePicker.RangePicker
      aria-label={label} allowEmpty={[true, true]} value={[day(value[0]), day(value[1])]} placeholder={['起', '止']}
      format={['YYYY-MM-DD', 'YYYYMMDD']} style={{ width: '100%' }}
      onChange={(days) => onChange(days?.some(Boolean) ? days.map((one) => one?.format('YYYY-MM-DD') ?? '') : [])}
    />
  );
}
