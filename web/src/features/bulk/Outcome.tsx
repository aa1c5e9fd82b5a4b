import { DownloadOutlined } from '@ant-design/icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Table } from 'antd';
import { useEffect } from 'react';

import { bulkItemsQuery, bulkItemsUrl, type BulkItem } from '../../api/exchange';
import { afterChange, jobQuery } from '../../api/queries';
import { isOpen, JobProgress } from '../../kit/JobProgress';
import { Loading } from '../../kit/states';
import { sentenceOf } from './sentence';

/** How the work goes, then what came of each record: those refused first. */
export function Outcome({ job: id, onClose }: { job: string; onClose: () => void }) {
  const queries = useQueryClient();
  const { data: job } = useQuery(jobQuery(id));
  const over = !isOpen(job);
  const items = useQuery({ ...bulkItemsQuery(id), enabled: over });
  useEffect(() => {
    if (over) void afterChange(queries);
  }, [over, queries]);
  if (!job || isOpen(job)) {
    return <JobProgress job={job} unit="条" beginning="正在开始"><Button onClick={onClose}>关闭</Button></JobProgress>;
  }
  if (items.isPending) return <Loading />;
  const all = items.data ?? [];
  const { tone, text } = sentenceOf(job, all);
  const refused = all.filter((item) => item.outcome === 'refused');
  return (
    <div className="bulk">
      <Alert type={tone} showIcon title={text} />
      {refused.length > 0 && (
        <Table<BulkItem>
          size="small" rowKey="id" dataSource={refused} pagination={{ pageSize: 8, hideOnSinglePage: true, showSizeChanger: false, size: 'small' }}
          columns={[{ title: '未办理的记录', render: (_, item) => item.display || '—' }, { title: '原因', dataIndex: 'reason' }]}
        />
      )}
      <div className="dialog-buttons">
        <Button icon={<DownloadOutlined />} href={bulkItemsUrl(id)}>下载结果</Button>
        <Button type="primary" onClick={onClose}>完成</Button>
      </div>
    </div>
  );
}
