import { Input } from 'antd';

import { datumOf, parsePoint, pointOf } from '../places';
import type { InputProps } from './FieldInput';

/** Longitude and latitude; a pasted pair fills both. */
export default function GeoPointInput({ id, field, value, onChange, invalid, disabled, placeholder, label }: InputProps) {
  const point = pointOf(value) ?? { longitude: '', latitude: '' };
  const put = (part: 'longitude' | 'latitude', text: string) => {
    const next = parsePoint(text) ?? { ...point, [part]: text.trim() };
    onChange(next.longitude || next.latitude ? { ...next } : null);
  };
  return (
    <div className="point-input">
      {(['longitude', 'latitude'] as const).map((part) => (
        <Input
          key={part} id={part === 'longitude' ? id : undefined} aria-label={`${label ?? field.title}${part === 'longitude' ? '经度' : '纬度'}`} inputMode="decimal"
          prefix={part === 'longitude' ? '经' : '纬'} suffix={part === 'latitude' ? <span className="quiet small">{datumOf(field)}</span> : undefined}
          placeholder={placeholder ?? (part === 'longitude' ? '121.473701' : '31.230416')} value={point[part]} status={invalid ? 'error' : undefined}
          disabled={disabled} autoComplete="off" className="numeric" onChange={(event) => put(part, event.target.value)}
        />
      ))}
    </div>
  );
}
