import { DownloadOutlined } from '@ant-design/icons';
import { useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Progress, Table } from 'antd';
import { useEffect } from 'react';

import { fileUrl } from '../../api/client';
import { afterChange } from '../../api/queries';
import type { Entity, ImportError, Job } from '../../api/types';
import { columnName, summaryOf } from './summary';

interface Props {
  entity: Entity;
  job: Job | undefined;
  dryRun: boolean;
  again: () => void;
  onClose: () => void;
}

/** How an import goes and what came of it. */
export function Outcome({ entity, job, dryRun, again, onClose }: Props) {
  const queries = useQueryClient();
  useEffect(() => {
    if (job?.state === 'done') void afterChange(queries);
  }, [job?.state, queries]);
  if (!job || job.state === 'queued' || job.state === 'running') return <Running job={job} onClose={onClose} />;
  if (job.state !== 'done') {
    return (
      <div className="import">
        <Alert type="error" showIcon title={job.error ?? '导入失败，请稍后重试'} />
        <div className="import-buttons"><Button onClick={again}>重新导入</Button></div>
      </div>
    );
  }
  const result = job.result ?? {};
  const errors = result.errors ?? [];
  const unshown = (result.errors_total ?? errors.length) - errors.length;
  const { tone, text } = summaryOf(entity.title, result, dryRun);
  return (
    <div className="import">
      <Alert type={tone} showIcon title={text} />
      {errors.length > 0 && <Errors errors={errors} />}
      {unshown > 0 && <p className="quiet small">另有 {unshown} 处错误未列出，见标注了错误的工作簿。</p>}
      <div className="import-buttons">
        {result.error_file && <Button icon={<DownloadOutlined aria-hidden />} href={fileUrl(result.error_file)}>下载标注了错误的工作簿</Button>}
        <Button onClick={again}>{errors.length ? '改好后重新导入' : '继续导入'}</Button>
        <Button type="primary" onClick={onClose}>完成</Button>
      </div>
    </div>
  );
}

function Running({ job, onClose }: { job: Job | undefined; onClose: () => void }) {
  const { done = 0, total = 0 } = job?.progress ?? {};
  return (
    <div className="import" role="status">
      <p>{total ? `正在处理：${done} / ${total} 行` : '正在读取和校验工作簿'}</p>
      <Progress percent={total ? Math.round((100 * done) / total) : 0} showInfo={total > 0} status="active" />
      <p className="quiet small">可以关闭此窗口，处理会继续。</p>
      <div className="import-buttons"><Button onClick={onClose}>关闭</Button></div>
    </div>
  );
}

function Errors({ errors }: { errors: ImportError[] }) {
  return (
    <Table<ImportError>
      size="small" className="import-errors" rowKey={(row) => `${row.sheet}-${row.row}-${row.column}-${row.message}`} dataSource={errors}
      pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false, size: 'small', showTotal: (total) => `共 ${total} 处` }}
      columns={[
        { title: '工作表', width: 120, render: (_, row) => row.sheet || '整个工作簿' },
        { title: '行', width: 64, align: 'right', className: 'numeric', render: (_, row) => row.row || '—' },
        { title: '列', width: 150, render: (_, row) => columnName(row) || '—' },
        { title: '问题', dataIndex: 'message' },
      ]}
    />
  );
}
