import './export.css';

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Checkbox, Input, Modal, Radio, Tabs } from 'antd';
import { useRef, useState } from 'react';

import { randomKey } from '../../api/client';
import { exportPreviewQuery, exportsQuery, requestExport, type ExportFormat, type ExportOrder } from '../../api/exchange';
import { ApiProblem, messageOf } from '../../api/problem';
import type { Entity, Filter, Sort } from '../../api/types';
import { MyExports } from './MyExports';

interface Props {
  entity: Entity;
  where?: Filter;
  search?: string;
  sort?: Sort[];
  /** Columns of the list with their titles. */
  columns: { field: string; title: string }[];
  onClose: () => void;
}

const FORMATS: { value: ExportFormat; label: string }[] = [
  { value: 'xlsx', label: 'Excel 工作簿' },
  { value: 'csv', label: 'CSV 文本' },
  { value: 'pdf', label: 'PDF（打印）' },
];

/** Export of a list as it is filtered: columns, format, and a purpose where approval is needed. */
export default function ExportDialog({ entity, where, search, sort, columns, onClose }: Props) {
  const [tab, setTab] = useState('new');
  return (
    <Modal open width={760} title={`导出${entity.title}`} footer={null} onCancel={onClose} destroyOnHidden>
      <Tabs
        activeKey={tab} onChange={setTab}
        items={[
          { key: 'new', label: '导出当前列表', children: <NewExport entity={entity} where={where} search={search} sort={sort} columns={columns} onAsked={() => setTab('mine')} onClose={onClose} /> },
          { key: 'mine', label: '我的导出', children: <MyExports /> },
        ]}
      />
    </Modal>
  );
}

function NewExport({ entity, where, search, sort, columns, onAsked, onClose }: Props & { onAsked: () => void }) {
  const queries = useQueryClient();
  const attempt = useRef(randomKey());
  const [format, setFormat] = useState<ExportFormat>('xlsx');
  const [chosen, setChosen] = useState(columns.map((column) => column.field));
  const [purpose, setPurpose] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const shown = columns.filter((column) => chosen.includes(column.field));
  const order: ExportOrder = {
    where, search, sort, format,
    select: shown.map((column) => column.field),
    titles: Object.fromEntries(shown.map((column) => [column.field, column.title])),
  };
  const preview = useQuery({ ...exportPreviewQuery(entity.entity, order), enabled: shown.length > 0 });
  const { rows, approval_needed: needsApproval, approval_rows: limit, rows_max: most } = preview.data ?? {};
  const tooMany = typeof rows === 'number' && typeof most === 'number' && rows > most;

  const ask = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await requestExport(entity.entity, needsApproval ? { ...order, purpose } : order, attempt.current);
      await queries.invalidateQueries({ queryKey: exportsQuery.queryKey });
      onAsked();
    } catch (error) {
      setProblem(error instanceof ApiProblem && error.errors[0] ? error.errors[0].message : messageOf(error));
    } finally {
      attempt.current = randomKey();
      setBusy(false);
    }
  };
  return (
    <div className="export">
      <Radio.Group value={format} onChange={(event) => setFormat(event.target.value as ExportFormat)} options={FORMATS} aria-label="文件格式" />
      <fieldset className="export-columns">
        <legend>导出的列</legend>
        <Checkbox.Group value={chosen} onChange={setChosen} options={columns.map(({ field, title }) => ({ value: field, label: title }))} />
      </fieldset>
      <p aria-live="polite">
        {preview.isPending && shown.length > 0 ? '正在统计行数' : typeof rows === 'number' && <>按当前筛选条件，共 <b className="numeric">{rows}</b> 行。</>}
        <span className="quiet small"> 敏感内容按列表所示脱敏；文件带有导出人、账户和时间的水印。</span>
      </p>
      {tooMany && <Alert type="warning" showIcon title={`此格式最多 ${most} 行，请缩小筛选范围或改用其他格式`} />}
      {needsApproval && !tooMany && (
        <>
          <Alert type="info" showIcon title={`超过 ${limit} 行，须由他人审批后生成`} />
          <label className="export-purpose">
            <span>用途</span>
            <Input.TextArea value={purpose} onChange={(event) => setPurpose(event.target.value)} rows={2} maxLength={300} showCount placeholder="写明用于何事、提供给谁，至少 5 个字" />
          </label>
        </>
      )}
      {preview.error && <Alert type="error" showIcon title={messageOf(preview.error)} />}
      {problem && <Alert type="error" showIcon title={problem} />}
      <div className="dialog-buttons">
        <Button onClick={onClose}>取消</Button>
        <Button
          type="primary" loading={busy} onClick={() => void ask()}
          disabled={!preview.data || rows === 0 || tooMany || (needsApproval && purpose.trim().length < 5)}
        >
          {needsApproval ? '提交审批' : '导出'}
        </Button>
      </div>
    </div>
  );
}
