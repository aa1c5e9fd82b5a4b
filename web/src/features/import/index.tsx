import './import.css';

import { DownloadOutlined, FileExcelOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Checkbox, Modal, Radio } from 'antd';
import { useRef, useState } from 'react';

import { importTemplateUrl, importWorkbook } from '../../api/commands';
import { messageOf } from '../../api/problem';
import { jobQuery } from '../../api/queries';
import type { Entity } from '../../api/types';
import { formatSize } from '../../kit/format';
import { Outcome } from './Outcome';

type Mode = 'all_or_nothing' | 'skip_faulty';
type Write = 'insert' | 'update' | 'upsert';

const WRITES: { value: Write; label: string }[] = [
  { value: 'insert', label: '新增' },
  { value: 'update', label: '按编号更新' },
  { value: 'upsert', label: '有则更新，无则新增' },
];

const THEN = 'submit';

/** Import of a workbook: template, file, options; then progress and every faulty row explained. */
export default function ImportWizard({ entity, onClose }: { entity: Entity; onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [mode, setMode] = useState<Mode>('all_or_nothing');
  const [write, setWrite] = useState<Write>('insert');
  const [clear, setClear] = useState(false);
  const [dryRun, setDryRun] = useState(false);
  const [submit, setSubmit] = useState(Boolean(entity.actions?.[THEN]));
  const [job, setJob] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const { data } = useQuery({ ...jobQuery(job ?? ''), enabled: Boolean(job) });

  const start = async () => {
    if (!file) return;
    setProblem(null);
    setBusy(true);
    try {
      setJob(await importWorkbook(entity.entity, file, { mode, write, clear, dryRun, then: submit && write === 'insert' && entity.actions?.[THEN] ? THEN : undefined }));
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  const again = () => {
    setJob(null);
    setFile(null);
  };
  return (
    <Modal open width={820} title={`导入${entity.title}`} footer={null} onCancel={onClose} destroyOnHidden mask={{ closable: !job }}>
      {job ? <Outcome entity={entity} job={data} dryRun={dryRun} apart={mode === 'skip_faulty' && !dryRun} again={again} onClose={onClose} /> : (
        <div className="import">
          <WorkbookInput file={file} onFile={setFile} />
          <p className="quiet small">
            <a href={importTemplateUrl(entity.entity)}><DownloadOutlined aria-hidden /> 下载导入模板</a>
            ，一行一件；家庭成员等填在各自的工作表，用“序号”与案件对应。
          </p>
          <Radio.Group
            value={mode} onChange={(event) => setMode(event.target.value as Mode)} aria-label="遇到有误的行"
            options={[{ value: 'all_or_nothing', label: '全部正确才导入' }, { value: 'skip_faulty', label: '导入正确的行，有误的行另存待改' }]}
          />
          {entity.key && entity.permissions?.update !== false && (
            <Radio.Group value={write} onChange={(event) => setWrite(event.target.value as Write)} aria-label="已有的记录" options={WRITES} />
          )}
          <div className="import-options">
            <Checkbox checked={dryRun} onChange={(event) => setDryRun(event.target.checked)}>仅校验，不导入</Checkbox>
            {write !== 'insert' && <Checkbox checked={clear} onChange={(event) => setClear(event.target.checked)}>空单元格清除原值</Checkbox>}
            {write === 'insert' && entity.actions?.[THEN] && <Checkbox checked={submit} disabled={dryRun} onChange={(event) => setSubmit(event.target.checked)}>导入后直接提交</Checkbox>}
          </div>
          {problem && <Alert type="error" showIcon title={problem} />}
          <div className="import-buttons">
            <Button onClick={onClose}>取消</Button>
            <Button type="primary" disabled={!file} loading={busy} onClick={() => void start()}>开始{dryRun ? '校验' : '导入'}</Button>
          </div>
        </div>
      )}
    </Modal>
  );
}

/** A workbook, chosen or dropped. */
function WorkbookInput({ file, onFile }: { file: File | null; onFile: (file: File | null) => void }) {
  const picker = useRef<HTMLInputElement>(null);
  return (
    <div
      className="import-file" onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        onFile(event.dataTransfer.files[0] ?? null);
      }}
    >
      <input
        ref={picker} type="file" accept=".xlsx,.csv" hidden tabIndex={-1} aria-label="工作簿"
        onChange={(event) => {
          onFile(event.target.files?.[0] ?? null);
          event.target.value = '';
        }}
      />
      <FileExcelOutlined aria-hidden />
      <span>{file ? <><b>{file.name}</b> <span className="quiet numeric">{formatSize(file.size)}</span></> : <span className="quiet">Excel 工作簿（.xlsx）或 CSV，可拖到此处</span>}</span>
      <Button onClick={() => picker.current?.click()}>{file ? '更换' : '选择文件'}</Button>
    </div>
  );
}
