import './bulk.css';

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Modal } from 'antd';
import { useRef, useState } from 'react';

import { randomKey } from '../../api/client';
import { bulkPreviewQuery, runBulk, type BulkPreview, type Selection } from '../../api/exchange';
import { ApiProblem, errorsByField, messageOf } from '../../api/problem';
import { afterChange } from '../../api/queries';
import type { Entity, Values } from '../../api/types';
import { FieldGrid } from '../../kit/FieldGrid';
import { missingIn } from '../../kit/required';
import { Loading } from '../../kit/states';
import { Outcome } from './Outcome';

interface Props {
  entity: Entity;
  action: string;
  selection: Selection;
  onClose: () => void;
  /** The records were acted on: nothing stays chosen. */
  onDone: () => void;
}

/** An action on many records: how many may and why not, what it asks for, progress, every outcome. */
export default function BulkDialog({ entity, action: key, selection, onClose, onDone }: Props) {
  const [job, setJob] = useState<string | null>(null);
  const action = entity.actions?.[key];
  if (!action) return null;
  return (
    <Modal open title={action.title} footer={null} width={620} onCancel={job ? onDone : onClose} destroyOnHidden mask={{ closable: !job }}>
      {job ? <Outcome job={job} onClose={onDone} /> : <Order entity={entity} action={key} selection={selection} onClose={onClose} onDone={onDone} onJob={setJob} />}
    </Modal>
  );
}

function Order({ entity, action: key, selection, onClose, onDone, onJob }: Props & { onJob: (job: string) => void }) {
  const action = entity.actions?.[key];
  const fields = action?.input ?? {};
  const queries = useQueryClient();
  const attempt = useRef(randomKey());
  const [values, setValues] = useState<Values>(() => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.default ?? null])));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const preview = useQuery(bulkPreviewQuery(entity.entity, key, selection));

  const run = async () => {
    const missing = missingIn(fields, values);
    setErrors(missing);
    setProblem(null);
    if (Object.keys(missing).length) return;
    setBusy(true);
    try {
      const answer = await runBulk(entity.entity, key, selection, values, attempt.current);
      if (answer.job) {
        onJob(answer.job);
        return;
      }
      await afterChange(queries);
      onDone();
    } catch (error) {
      if (error instanceof ApiProblem) setErrors(errorsByField(error.errors));
      setProblem(messageOf(error));
    } finally {
      attempt.current = randomKey();
      setBusy(false);
    }
  };
  return (
    <div className="bulk">
      {preview.isPending && <Loading text="正在核对所选记录" />}
      {preview.data && <Preview preview={preview.data} title={entity.title} />}
      {preview.error && <Alert type="error" showIcon title={messageOf(preview.error)} />}
      {action?.confirm && <p>{action.confirm}</p>}
      <FieldGrid
        one prefix="input" fields={Object.entries(fields)} values={values} errors={errors}
        onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
      />
      {problem && <Alert type="error" showIcon title={problem} />}
      <div className="dialog-buttons">
        <Button onClick={onClose}>取消</Button>
        <Button type="primary" loading={busy} disabled={!preview.data || preview.data.allowed === 0} onClick={() => void run()}>
          {preview.data ? `办理 ${preview.data.allowed} 条` : '办理'}
        </Button>
      </div>
    </div>
  );
}

/** What would come of it, before anything is done. */
export function Preview({ preview, title }: { preview: BulkPreview; title: string }) {
  const { total, allowed, refused, atomic } = preview;
  return (
    <>
      <p>所选 <b className="numeric">{total}</b> 条{title}中，<b className="numeric">{allowed}</b> 条可以办理{total > allowed && <>，<b className="numeric">{total - allowed}</b> 条不能</>}。</p>
      {refused.length > 0 && (
        <ul className="bulk-reasons">
          {refused.map((one) => (
            <li key={one.reason}>
              <span className="numeric">{one.count} 条</span> {one.reason}
              {one.examples.length > 0 && <span className="quiet small">：{one.examples.join('、')}{one.count > one.examples.length ? ' 等' : ''}</span>}
            </li>
          ))}
        </ul>
      )}
      {atomic && total > allowed && <Alert type="warning" showIcon title="此操作要么全部办理，要么都不办理；有不能办理的记录时不会执行" />}
    </>
  );
}
