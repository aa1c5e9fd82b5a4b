import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { App, ConfigProvider } from 'antd';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Entity, Task } from '../../api/types';
import { HandlingPanel } from './HandlingPanel';

const task: Task = {
  id: 't1', instance_id: 'i1', process: 'a.review', process_title: '审核', step: 'review', title: '初审', state: 'open', entity: 'a.case', record_id: 'r1',
  record_display: 'GZ1 陈燕', created_at: '2026-11-24T09:00:00+08:00',
  outcomes: [
    { key: 'pass', title: '初审通过', allowed: true, opinion_required: true },
    { key: 'fail', title: '初审不通过', negative: true, allowed: true, opinion_required: true },
  ],
  form: [{ name: 'reason', required: true, outcomes: ['fail'], length_min: 15, field: { title: '不通过理由', type: 'long_text', system: true } }],
};

const entity: Entity = { entity: 'a.case', title: '案件', display: '{name}', fields: { income: { title: '家庭月收入', type: 'money' } } };

/** For a test of many steps, on a busy computer. */
const LONG_MS = 20_000;

/** The server: what it was asked, and what it answers. */
const server = vi.fn<(path: string, body: unknown) => { status: number; body: unknown }>();

function panel(changes: Partial<Task> = {}) {
  const onLeft = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ConfigProvider button={{ autoInsertSpace: false }}><App><HandlingPanel task={{ ...task, ...changes }} entity={entity} version={7} onLeft={onLeft} /></App></ConfigProvider>
    </QueryClientProvider>,
  );
  return { onLeft, user: userEvent.setup() };
}

const sent = () => server.mock.calls.map(([path, body]) => ({ path, body }));

beforeEach(() => {
  server.mockReset().mockReturnValue({ status: 200, body: { id: 't1' } });
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    const { status, body } = server(path, init.body ? JSON.parse(String(init.body)) : null);
    return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
  });
});
afterEach(() => vi.unstubAllGlobals());

describe('handling a task', () => {
  it('hands in the decision with the version of the case it was made on, then leaves', async () => {
    const { user, onLeft } = panel();
    await user.type(screen.getByLabelText('办理意见'), '符合条件');
    await user.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(onLeft).toHaveBeenCalledTimes(1));
    expect(sent()).toEqual([{ path: '/api/tasks/t1/complete', body: { outcome: 'pass', opinion: '符合条件', data: {}, record_version: 7 } }]);
  });

  it('says what is missing before it asks the server, by outcome', async () => {
    const { user, onLeft } = panel();
    await user.click(screen.getByRole('radio', { name: '初审不通过' }));
    await user.type(screen.getByLabelText('不通过理由'), '面积超标');
    await user.click(screen.getByRole('button', { name: '提交' }));
    expect(screen.getByText('不通过理由至少 15 个字，现有 4 个')).toBeTruthy();
    expect(screen.getByText('请填写办理意见')).toBeTruthy();
    expect(server).not.toHaveBeenCalled();
    expect(onLeft).not.toHaveBeenCalled();
  });

  it('keeps what was written when the server refuses', async () => {
    server.mockReturnValue({ status: 409, body: { code: 'stale', detail: '记录已被他人修改（当前版本 8），请刷新后重试' } });
    const { user, onLeft } = panel();
    await user.type(screen.getByLabelText('办理意见'), '符合条件');
    await user.click(screen.getByRole('button', { name: '提交' }));
    expect(await screen.findByText(/记录已被他人修改/)).toBeTruthy();
    expect(screen.getByLabelText<HTMLTextAreaElement>('办理意见').value).toBe('符合条件');
    expect(onLeft).not.toHaveBeenCalled();
  });

  it('asks why a rule may be broken, keeps the reason over a failure, and hands in all reasons with the decision', async () => {
    const asked = (field: string, message: string) => ({ status: 422, body: { code: 'confirmation_required', warnings: [{ field, code: `${field}_high`, message }] } });
    server.mockReturnValueOnce(asked('income', '超过准入线'));
    const { user, onLeft } = panel();
    await user.type(screen.getByLabelText('办理意见'), '符合条件');
    await user.click(screen.getByRole('button', { name: '提交' }));
    expect(await screen.findByText('家庭月收入：超过准入线')).toBeTruthy();
    await user.type(screen.getByLabelText('超过准入线的原因'), '含一次性补偿');

    server.mockReturnValueOnce({ status: 503, body: { detail: '系统繁忙，请稍后重试' } });
    await user.click(screen.getByRole('button', { name: '确认并提交' }));
    expect(await screen.findAllByText('系统繁忙，请稍后重试')).toBeTruthy();

    server.mockReturnValueOnce(asked('assets', '家庭资产待核'));
    await user.click(screen.getByRole('button', { name: '确认并提交' }));
    await user.type(await screen.findByLabelText('家庭资产待核的原因'), '已函询银行');
    await user.click(screen.getByRole('button', { name: '确认并提交' }));
    await waitFor(() => expect(onLeft).toHaveBeenCalledTimes(1));
    expect(sent().at(-1)?.body).toEqual({
      outcome: 'pass', opinion: '符合条件', data: {}, record_version: 7,
      confirm: [{ code: 'income_high', field: 'income', reason: '含一次性补偿' }, { code: 'assets_high', field: 'assets', reason: '已函询银行' }],
    });
  }, LONG_MS);

  it('is signed for before it is decided', async () => {
    const { user, onLeft } = panel({ claim: true });
    expect(screen.queryByLabelText('办理意见')).toBeNull();
    await user.keyboard('s');
    await waitFor(() => expect(sent()).toEqual([{ path: '/api/tasks/t1/claim', body: {} }]));
    expect(onLeft).not.toHaveBeenCalled();
  });

  it('names the only way on by its button, and chooses by number where there are several', async () => {
    const { user } = panel();
    await user.keyboard('2');
    expect(screen.getByRole<HTMLInputElement>('radio', { name: '初审不通过' }).checked).toBe(true);
    panel({ id: 't2', outcomes: [{ key: 'confirm', title: '确认核查结果', allowed: true }], form: [] });
    expect(screen.getByRole('button', { name: '确认核查结果' })).toBeTruthy();
  });
});
