import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Checkbox, Modal, Progress, Radio, Table } from 'antd';
import { useEffect, useState } from 'react';

import { fileUrl } from '../../api/client';
import { importTemplateUrl, importWorkbook } from '../../api/commands';
import { messageOf } from '../../api/problem';
import { jobQuery } from '../../api/queries';
import type { Entity, Job } from '../../api/types';

type Mode = 'all_or_nothing' | 'skip_faulty';

/** Import of a workbook: template, file, options, progress, every faulty row explained. */
export default function ImportWizard({ entity, onClose }: { entity: Entity; onClose: () => void }) {
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [mode, setMode] = useState<Mode>('all_or_nothing');
  const [dryRun, setDryRun] = useState(false);
  const [submit, setSubmit] = useState(Boolean(entity.actions?.submit));
  const [job, setJob] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const { data } = useQuery({ ...jobQuery(job ?? ''), enabled: Boolean(job) });
  useEffect(() => {
    if (data?.state === 'done') void queries.invalidateQueries({ queryKey: ['records', entity.entity] });
  }, [data?.state, entity.entity, queries]);

  const start = async () => {
    if (!file) return;
    setProblem(null);
    try {
      setJob(await importWorkbook(entity.entity, file, { mode, dryRun, then: submit && entity.actions?.submit ? 'submit' : undefined }));
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <Modal open width={760} title={`导入${entity.title}`} footer={null} onCancel={onClose} destroyOnHidden>
      {job ? <Outcome job={data} dryRun={dryRun} again={() => { setJob(null); setFile(null); }} /> : (
        <div style={{ display: 'grid', gap: 12 }}>
          <p>一、<a href={importTemplateUrl(entity.entity)}>下载导入模板</a>，按模板填写；家庭成员等填在各自的工作表，用“序号”对应。</p>
          <label>二、选择文件：<input type="file" accept=".xlsx" onChange={(event) => setFile(event.target.files?.[0] ?? null)} /></label>
          <Radio.Group value={mode} onChange={(event) => setMode(event.target.value as Mode)} options={[{ value: 'all_or_nothing', label: '全部正确才导入' }, { value: 'skip_faulty', label: '跳过有误的行' }]} />
          <div>
            <Checkbox checked={dryRun} onChange={(event) => setDryRun(event.target.checked)}>仅校验，不导入</Checkbox>
            {entity.actions?.submit && <Checkbox checked={submit} onChange={(event) => setSubmit(event.target.checked)}>导入后直接提交</Checkbox>}
          </div>
          {problem && <Alert type="error" showIcon title={problem} />}
          <div><Button type="primary" disabled={!file} onClick={() => void start()}>开始{dryRun ? '校验' : '导入'}</Button></div>
        </div>
      )}
    </Modal>
  );
}

function Outcome({ job, dryRun, again }: { job: Job | undefined; dryRun: boolean; again: () => void }) {
  if (!job || job.state === 'queued' || job.state === 'running') {
    const { done = 0, total = 0 } = job?.progress ?? {};
    return <><p>正在处理，可以关闭此窗口，处理会继续。</p><Progress percent={total ? Math.round((100 * done) / total) : 0} /></>;
  }
  if (job.state !== 'done') return <Alert type="error" showIcon title={job.error ?? '导入失败，请稍后重试'} />;
  const result = job.result ?? {};
  const errors = result.errors ?? [];
  return (
    <>
      <Alert
        type={errors.length ? 'warning' : 'success'} showIcon
        title={`共 ${result.rows ?? 0} 行，${dryRun ? '校验' : '导入'}成功 ${dryRun ? (result.rows ?? 0) - (result.faulty ?? 0) : (result.created ?? 0)} 行，有误 ${result.faulty ?? 0} 行`}
      />
      {result.error_file && <p><a href={fileUrl(result.error_file)}>下载标注了错误的工作簿</a></p>}
      {errors.length > 0 && (
        <Table
          size="small" rowKey={(row) => `${row.sheet}-${row.row}-${row.column}-${row.message}`} dataSource={errors} pagination={{ pageSize: 10, hideOnSinglePage: true }}
          columns={[{ title: '工作表', dataIndex: 'sheet' }, { title: '行', dataIndex: 'row' }, { title: '列', dataIndex: 'column' }, { title: '错误', dataIndex: 'message' }]}
        />
      )}
      <p><Button onClick={again}>继续导入</Button></p>
    </>
  );
}
