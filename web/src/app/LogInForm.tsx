import './login.css';

import { Alert, Button, Input } from 'antd';
import { useState, type FormEvent } from 'react';

import { logIn } from '../api/commands';
import { messageOf } from '../api/problem';

/** Account and password. A given account is fixed: a page is continued by the one who began it. */
export function LogInForm({ account: fixed, onDone }: { account?: string; onDone: () => Promise<void> }) {
  const [account, setAccount] = useState(fixed ?? '');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!account.trim() || !password) {
      setError('请填写账号和密码');
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await logIn(account.trim(), password);
      await onDone();
    } catch (problem) {
      setError(messageOf(problem));
      setPassword('');
    } finally {
      setBusy(false);
    }
  };

  return (
    <form className="login-form" onSubmit={(event) => void submit(event)}>
      {error && <Alert type="error" showIcon title={error} role="alert" />}
      <label>
        <span>账号</span>
        <Input
          size="large" name="account" autoComplete="username" autoFocus={!fixed} disabled={Boolean(fixed)}
          value={account} onChange={(event) => setAccount(event.target.value)}
        />
      </label>
      <label>
        <span>密码</span>
        <Input.Password
          size="large" name="password" autoComplete="current-password" autoFocus={Boolean(fixed)}
          value={password} onChange={(event) => setPassword(event.target.value)}
        />
      </label>
      <Button type="primary" size="large" htmlType="submit" loading={busy} block>
        登录
      </Button>
    </form>
  );
}
