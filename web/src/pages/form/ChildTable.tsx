import { PlusOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useRef } from 'react';

import type { Entity, Field, Json, Section, Values } from '../../api/types';
import { isFile, isMasked, rowsOf } from '../../kit/fields';
import { FieldInput } from '../../kit/inputs/FieldInput';
import { isReadOnly, isRequired, isVisible } from '../../kit/required';
import { cellKey, columnsOf, defaultsOf, writable } from './changes';
import { SeveralFiles } from './SeveralFiles';
import type { RecordForm } from './useRecordForm';

const WIDTHS: Partial<Record<Field['type'], number>> = { id_number: 190, choice: 132, boolean: 84, decimal: 104, integer: 92, date: 136, credit_code: 190, phone: 136 };
const WIDTH_DEFAULT = 150;
const WIDTH_FILE = 210;

const widthOf = (field: Field) => (isFile(field.type) ? WIDTH_FILE : (WIDTHS[field.type] ?? WIDTH_DEFAULT));

/** Rows of a child table, edited in place. */
export function ChildTable({ entity, section, form }: { entity: Entity; section: Section; form: RecordForm }) {
  const name = section.children ?? '';
  const child = entity.children?.[name];
  const body = useRef<HTMLTableSectionElement>(null);
  if (!child) return null;
  const rows = rowsOf(form.values, name);
  const stored = new Map(rowsOf(form.before ?? {}, name).map((row) => [row.id, row]));
  const rowsMax = child.parent?.rows_max ?? 50;
  const columns = writable(child, columnsOf(section.columns, child));
  const put = (next: Values[]) => form.set(name, next as unknown as Json);
  const setCell = (index: number, field: string, value: Json) => put(rows.map((row, at) => (at === index ? { ...row, [field]: value } : row)));
  const fileColumn = columns.find(([, field]) => isFile(field.type) && !field.many);

  const add = () => {
    put([...rows, defaultsOf(child)]);
    // The new row's first input, once it is there.
    requestAnimationFrame(() => body.current?.querySelector<HTMLElement>('tr:last-child input')?.focus());
  };

  return (
    <div className="child-table">
      <div className="child-scroll">
        <table>
          <thead>
            <tr>
              <th className="child-no">#</th>
              {columns.map(([key, field]) => (
                <th key={key} style={{ minWidth: widthOf(field) }} className={field.required ? 'required' : undefined}>
                  {field.title}{field.unit && <span className="quiet">（{field.unit}）</span>}
                </th>
              ))}
              <th aria-label="操作" />
            </tr>
          </thead>
          <tbody ref={body}>
            {rows.map((row, index) => (
              <tr key={typeof row.id === 'string' ? row.id : `new-${index}`}>
                <td className="child-no numeric">{index + 1}</td>
                {columns.map(([key, field]) => (
                  <ChildCell
                    key={key} id={cellKey(name, index, key)} row={row} name={key} field={field} label={`第 ${index + 1} 行${field.title}`}
                    disabled={isReadOnly(field, stored.get(row.id), row)} error={form.errors[cellKey(name, index, key)]} onChange={(value) => setCell(index, key, value)}
                  />
                ))}
                <td><Button type="link" size="small" danger onClick={() => form.removeRow(name, index)} aria-label={`删除第 ${index + 1} 行`}>删除</Button></td>
              </tr>
            ))}
            {rows.length === 0 && <tr><td colSpan={columns.length + 2} className="child-none">暂无{child.title}</td></tr>}
          </tbody>
        </table>
      </div>
      {form.errors[name] && <p className="field-error" role="alert" data-field={name}>{form.errors[name]}</p>}
      <div className="child-foot">
        <Button size="small" type="dashed" icon={<PlusOutlined aria-hidden />} disabled={rows.length >= rowsMax} onClick={add}>新增{child.title}</Button>
        {fileColumn && (
          <SeveralFiles
            field={fileColumn[1]} room={rowsMax - rows.length}
            onFiles={(files) => put([...rows, ...files.map((file) => ({ ...defaultsOf(child), [fileColumn[0]]: file.id, ...('title' in child.fields ? { title: file.name.replace(/\.\w+$/, '') } : {}) }))])}
          />
        )}
      </div>
    </div>
  );
}

interface CellProps {
  id: string;
  row: Values;
  name: string;
  field: Field;
  label: string;
  disabled: boolean;
  error?: string;
  onChange: (value: Json) => void;
}

function ChildCell({ id, row, name, field, label, disabled, error, onChange }: CellProps) {
  if (!isVisible(field, row)) return <td />;
  const masked = isMasked(row, name) ? String(row[name] ?? '') : undefined;
  return (
    <td data-field={id}>
      <FieldInput
        field={{ ...field, required: isRequired(field, row) }} value={masked === undefined ? row[name] : null} placeholder={masked} invalid={Boolean(error)} label={label} compact record={row}
        disabled={disabled} onChange={onChange}
      />
      {error && <p className="field-error" role="alert">{error}</p>}
    </td>
  );
}
