import { Button } from 'antd';
import { useState } from 'react';

import type { Entity } from '../../api/types';
import { ActionDialog } from '../../kit/ActionDialog';

interface Props {
  entity: Entity;
  actions: string[];
  ids: string[];
  onDone: () => void;
}

export function BulkActions({ entity, actions, ids, onDone }: Props) {
  const [action, setAction] = useState<string | null>(null);
  return (
    <div className="list-bulk" role="toolbar" aria-label="批量操作">
      <span>已选 <b className="numeric">{ids.length}</b> 条</span>
      {actions.map((key) => (
        <Button key={key} size="small" onClick={() => setAction(key)}>{entity.actions?.[key]?.title}</Button>
      ))}
      <Button size="small" type="link" onClick={onDone}>取消选择</Button>
      {action && (
        <ActionDialog
          entity={entity} action={action} ids={ids} onClose={() => setAction(null)}
          onDone={() => { setAction(null); onDone(); }}
        />
      )}
    </div>
  );
}
