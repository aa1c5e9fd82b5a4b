import { useQueryClient } from '@tanstack/react-query';
import { App, Modal } from 'antd';
import { useRef, useState } from 'react';

import { randomKey } from '../api/client';
import { runAction } from '../api/commands';
import { ApiProblem, errorsByField, messageOf } from '../api/problem';
import { afterChange } from '../api/queries';
import type { Entity, Values } from '../api/types';
import { FieldGrid } from './FieldGrid';
import { ProblemAlert } from './ProblemAlert';
import { missingIn } from './required';

interface Props {
  entity: Entity;
  action: string;
  ids: string[];
  onClose: () => void;
  onDone: () => void;
}

const INPUT = /^input\./;

/** Asks for what an action needs (a confirmation, inputs), then does it. */
export function ActionDialog({ entity, action: key, ids, onClose, onDone }: Props) {
  const action = entity.actions?.[key];
  const fields = action?.input ?? {};
  const { message } = App.useApp();
  const queries = useQueryClient();
  const attempt = useRef(randomKey());
  const [values, setValues] = useState<Values>(() => defaultsOf(fields));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  if (!action) return null;

  const run = async () => {
    const missing = missingIn(fields, values);
    setErrors(missing);
    setProblem(null);
    if (Object.keys(missing).length) return;
    setBusy(true);
    try {
      const answer = await runAction(entity.entity, key, ids, values, attempt.current);
      const refused = answer?.results?.filter((result) => result.ok === false) ?? [];
      await afterChange(queries);
      if (refused.length) {
        setProblem(`${refused.length} 条未能办理：${[...new Set(refused.map((one) => one.message ?? '条件不符'))].join('；')}`);
        return;
      }
      void message.success(ids.length > 1 ? `${action.title}：${ids.length} 条已完成` : `${action.title}：已完成`);
      onDone();
    } catch (error) {
      if (error instanceof ApiProblem) {
        setErrors(errorsByField(error.errors.map((one) => ({ ...one, field: one.field.replace(INPUT, '') }))));
      }
      setProblem(messageOf(error));
    } finally {
      attempt.current = randomKey();
      setBusy(false);
    }
  };

  return (
    <Modal open title={action.title} okText="确定" cancelText="取消" onOk={() => void run()} onCancel={onClose} confirmLoading={busy} destroyOnHidden width={480}>
      {ids.length > 1 && <p>将办理所选 {ids.length} 条{entity.title}。</p>}
      {action.confirm && <p>{action.confirm}</p>}
      <ProblemAlert problem={problem} errors={errors} placed={Object.keys(fields)} />
      <FieldGrid
        one prefix="input" fields={Object.entries(fields)} values={values} errors={errors}
        onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
      />
    </Modal>
  );
}

function defaultsOf(fields: Entity['fields']): Values {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.default ?? null]));
}
