import { Button } from 'antd';
import { lazy, Suspense, useState } from 'react';

import type { Selection } from '../../api/exchange';
import type { Entity, Filter } from '../../api/types';
import { ActionDialog } from '../../kit/ActionDialog';

const BulkDialog = lazy(() => import('../../features/bulk'));

interface Props {
  entity: Entity;
  actions: string[];
  ids: string[];
  /** What the list shows, and how many that is: offered when a whole page is chosen. */
  where?: Filter;
  search?: string;
  total: number;
  pageSize: number;
  onDone: () => void;
}

const EVERYTHING: Filter = { and: [] };

export function BulkActions({ entity, actions, ids, where, search, total, pageSize, onDone }: Props) {
  const [action, setAction] = useState<string | null>(null);
  const [everything, setEverything] = useState(false);
  const wholePage = ids.length >= pageSize && total > ids.length;
  const selection: Selection = everything ? { where: where ?? EVERYTHING, search } : { ids };
  const close = () => setAction(null);
  const done = () => {
    close();
    setEverything(false);
    onDone();
  };
  return (
    <div className="list-bulk" role="toolbar" aria-label="批量操作">
      <span>已选 <b className="numeric">{everything ? total : ids.length}</b> 条</span>
      {actions.map((key) => (
        <Button key={key} size="small" onClick={() => setAction(key)}>{entity.actions?.[key]?.title}</Button>
      ))}
      {wholePage && (
        <Button size="small" type="link" onClick={() => setEverything(!everything)}>
          {everything ? '只选本页' : `选择符合条件的全部 ${total} 条`}
        </Button>
      )}
      <Button size="small" type="link" onClick={done}>取消选择</Button>
      {action && ids.length === 1 && !everything && <ActionDialog entity={entity} action={action} ids={ids} onClose={close} onDone={done} />}
      {action && (ids.length > 1 || everything) && (
        <Suspense fallback={null}>
          <BulkDialog entity={entity} action={action} selection={selection} onClose={close} onDone={done} />
        </Suspense>
      )}
    </div>
  );
}
