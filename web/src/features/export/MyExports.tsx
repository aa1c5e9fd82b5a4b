import { DownloadOutlined } from '@ant-design/icons';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { App, Button, Table } from 'antd';

import { fileUrl } from '../../api/client';
import { messageOf } from '../../api/problem';
import { cancelExport, exportsQuery, type MyExport } from '../../api/exchange';
import { formatTime } from '../../kit/format';
import { Failed } from '../../kit/states';
import { stateOf } from './state';

/** What the person has exported, the newest first. */
export function MyExports() {
  const { data, error, isPending, refetch } = useQuery(exportsQuery);
  if (error) return <Failed error={error} again={() => void refetch()} />;
  return (
    <Table<MyExport>
      size="small" rowKey="id" loading={isPending} dataSource={data} locale={{ emptyText: '没有导出过' }}
      pagination={{ pageSize: 8, hideOnSinglePage: true, showSizeChanger: false, size: 'small' }}
      columns={[
        { title: '时间', width: 150, render: (_, one) => formatTime(one.created_at) },
        { title: '内容', render: (_, one) => <>{one.subject}<div className="quiet small">{one.conditions}</div></> },
        { title: '行数', width: 80, align: 'right', className: 'numeric', render: (_, one) => one.exported ?? one.rows },
        { title: '状态', width: 190, render: (_, one) => <State one={one} /> },
        {
          title: '', width: 90,
          render: (_, one) => (
            <>
              {one.file && <Button size="small" icon={<DownloadOutlined />} href={fileUrl(one.file)}>下载</Button>}
              {isOpen(one) && <CallOff one={one} />}
            </>
          ),
        },
      ]}
    />
  );
}

const isOpen = ({ state }: MyExport) => state === 'pending' || state === 'approved';

function CallOff({ one }: { one: MyExport }) {
  const { message } = App.useApp();
  const client = useQueryClient();
  const callOff = useMutation({
    mutationFn: () => cancelExport(one.id),
    onError: (error) => void message.error(messageOf(error)),
    onSettled: () => client.invalidateQueries(exportsQuery),
  });
  return (
    <Button size="small" loading={callOff.isPending} onClick={() => callOff.mutate()}>
      {one.state === 'pending' ? '撤回' : '取消'}
    </Button>
  );
}

function State({ one }: { one: MyExport }) {
  const { tone, text, detail } = stateOf(one);
  return (
    <>
      <span className={`tag ${tone}`}>{text}</span>
      {detail && <div className="quiet small">{detail}</div>}
    </>
  );
}
