import { Alert, App, Button, Modal } from 'antd';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useBlocker, useLocation, useNavigate } from 'react-router';

import type { Confirm, Entity, FormPage, RecordJson } from '../../api/types';
import { places } from '../../app/places';
import { ConfirmRules } from '../../kit/ConfirmRules';
import { actionsOf } from '../../kit/fields';
import { FieldGrid } from '../../kit/FieldGrid';
import { PageHead } from '../../kit/PageHead';
import { isReadOnly, isVisible } from '../../kit/required';
import { ChildTable } from './ChildTable';
import { ErrorSummary } from './ErrorSummary';
import { writable } from './changes';
import { useRecordForm } from './useRecordForm';

interface Props {
  page: FormPage;
  entity: Entity;
  record?: RecordJson;
  back?: string;
}

const CONDITION = { title: '', type: 'text' } as const;

export function RecordFormView({ page, entity, record, back }: Props) {
  const navigate = useNavigate();
  const place = useLocation();
  const { message } = App.useApp();
  const form = useRecordForm(page, entity, record);
  const [asking, setAsking] = useState(false);
  const leaving = useRef(false);
  const blocker = useBlocker(useCallback(() => form.dirty && !leaving.current, [form.dirty]));
  // What was submitted before can be saved, not submitted again.
  const submits = page.submit && (!record || actionsOf(record).includes(page.submit));
  const submit = submits ? entity.actions?.[page.submit ?? ''] : undefined;

  useEffect(() => {
    if (!form.dirty) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [form.dirty]);

  const toTop = () => document.getElementById('content')?.scrollTo({ top: 0 });
  const ask = () => (form.check() ? setAsking(true) : toTop());
  const [wanted, setWanted] = useState<string | undefined>(undefined);
  const save = async (action?: string, confirm?: Confirm[]) => {
    setAsking(false);
    setWanted(action);
    const id = await form.save(action, confirm);
    if (!id) {
      toTop();
      return;
    }
    leaving.current = true;
    void message.success(action ? `${submit?.title ?? '提交'}成功` : '已保存');
    const target = page.then ?? back;
    // An edit leads back to where it was begun: a case, a task.
    if (target && (!record || place.key === 'default')) await navigate(places.record(target, id), { replace: true });
    else await navigate(-1);
  };

  const saves = submit ? '暂存' : '保存';
  return (
    <div className="page form-page">
      <PageHead title={record ? `编辑：${String(record.$display ?? entity.title)}` : page.title} purpose={page.purpose} />
      {form.problem && (
        <Alert
          type="error" showIcon title={form.problem} className="form-alert"
          action={form.stale && <Button size="small" onClick={() => window.location.reload()}>刷新（放弃本次修改）</Button>}
        />
      )}
      <ErrorSummary entity={entity} errors={form.errors} />
      <form onSubmit={(event) => event.preventDefault()} noValidate>
        {page.sections
          .filter((section) => isVisible({ ...CONDITION, visible_when: section.visible_when }, form.values))
          .map((section) => (
            <section key={section.title} className="card form-section" aria-label={section.title}>
              <h2>{section.title}{section.help && <small>{section.help}</small>}</h2>
              {section.fields && (
                <FieldGrid
                  fields={writable(entity, section.fields)} values={form.values} errors={form.errors} onChange={form.set}
                  fixed={(field) => isReadOnly(field, form.before, form.values)}
                />
              )}
              {section.children && <ChildTable entity={entity} section={section} form={form} />}
            </section>
          ))}
      </form>
      <div className="form-foot">
        <Button disabled={form.busy} onClick={() => void navigate(-1)}>取消</Button>
        <Button disabled={form.busy} loading={form.busy && !asking} type={submit ? 'default' : 'primary'} onClick={() => void save()}>
          {saves}
        </Button>
        {submit && (
          <Button type="primary" disabled={form.busy} onClick={() => (submit.confirm ? ask() : void save(page.submit ?? undefined))}>
            {submit.title}
          </Button>
        )}
        {form.dirty && <span className="quiet small">有未保存的修改</span>}
      </div>
      <ConfirmRules
        entity={entity} warnings={form.warnings} problem={form.problem} does={wanted && submit ? submit.title : saves} busy={form.busy}
        onConfirm={(confirm) => void save(wanted, confirm)} onCancel={form.dismissWarnings}
      />
      <Modal open={asking} title={submit?.title} okText="确定" cancelText="再看看" onOk={() => void save(page.submit ?? undefined)} onCancel={() => setAsking(false)}>
        {submit?.confirm}
      </Modal>
      <Modal
        open={blocker.state === 'blocked'} title="离开此页？" okText="离开，不保存" cancelText="留在此页" okButtonProps={{ danger: true }}
        onOk={() => blocker.proceed?.()} onCancel={() => blocker.reset?.()}
      >
        有未保存的修改，离开后将丢失。
      </Modal>
    </div>
  );
}
