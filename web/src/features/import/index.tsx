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

const THEN = 'submit';

/** Import of a workbook: template, file, options; then progress and every faulty row explained. */
export default function ImportWizard({ entity, onClose }: { entity: Entity; onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [mode, setMode] = useState<Mode>('all_or_nothing');
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
      setJob(await importWorkbook(entity.entity, file, { mode, dryRun, then: submit && entity.actions?.[THEN] ? THEN : undefined }));
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
      {job ? <Outcome entity={entity} job={data} dryRun={dryRun} again={again} onClose={onClose} /> : (
        <div className="import">
          <WorkbookInput file={file} onFile={setFile} />
          <p className="quiet small">
            <a href={importTemplateUrl(entity.entity)}><DownloadOutlined aria-hidden /> 下载导入模板</a>
            ，一行一件；家庭成员等填在各自的工作表，用“序号”与案件对应。
          </p>
          <Radio.Group
            value={mode} onChange={(event) => setMode(event.target.value as Mode)} aria-label="遇到有误的行"
            options={[{ value: 'all_or_nothing', label: '全部正确才导入' }, { value: 'skip_faulty', label: '跳过有误的行，导入其余各行' }]}
          />
          <div className="import-options">
            <Checkbox checked={dryRun} onChange={(event) => setDryRun(event.target.checked)}>仅校验，不导入</Checkbox>
            {entity.actions?.[THEN] && <Checkbox checked={submit} disabled={dryRun} onChange={(event) => setSubmit(event.target.checked)}>导入后直接提交</Checkbox>}
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
        ref={picker} type="file" accept=".xlsx" hidden tabIndex={-1} aria-label="工作簿"
        onChange={(event) => {
          onFile(event.target.files?.[0] ?? null);
          event.target.value = '';
        }}
      />
      <FileExcelOutlined aria-hidden />
      <span>{file ? <><b>{file.name}</b> <span className="quiet numeric">{formatSize(file.size)}</span></> : <span className="quiet">Excel 工作簿（.xlsx），可拖到此处</span>}</span>
      <Button onClick={() => picker.current?.click()}>{file ? '更换' : '选择文件'}</Button>
    </div>
  );
}
