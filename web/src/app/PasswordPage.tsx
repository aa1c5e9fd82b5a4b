import './login.css';

import { Alert, App, Button, Input } from 'antd';
import { useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router';

import { changePassword } from '../api/commands';
import { ApiProblem, messageOf } from '../api/problem';
import { useRenewedSession, useSession, useTitle } from './session';

const LENGTH_MIN = 12;

export function PasswordPage() {
  const session = useSession();
  const renew = useRenewedSession();
  const navigate = useNavigate();
  const { message } = App.useApp();
  const [values, setValues] = useState({ current: '', next: '', again: '' });
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  useTitle('修改密码');

  const problemIn = (): string | null => {
    if (!values.current || !values.next) return '请填写原密码和新密码';
    if (values.next.length < LENGTH_MIN) return `新密码至少 ${LENGTH_MIN} 位`;
    if (values.next === values.current) return '新密码不能与原密码相同';
    return values.next === values.again ? null : '两次填写的新密码不一致';
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const wrong = problemIn();
    setError(wrong);
    if (wrong) return;
    setBusy(true);
    try {
      await changePassword(values.current, values.next);
      await renew();
      void message.success('密码已修改');
      await navigate('/', { replace: true });
    } catch (problem) {
      setError((problem instanceof ApiProblem && problem.errors[0]?.message) || messageOf(problem));
    } finally {
      setBusy(false);
    }
  };

  const input = (name: keyof typeof values, title: string, complete: string) => (
    <label>
      <span>{title}</span>
      <Input.Password
        size="large" autoComplete={complete} autoFocus={name === 'current'} value={values[name]}
        onChange={(event) => setValues({ ...values, [name]: event.target.value })}
      />
    </label>
  );

  return (
    <main className="login-main">
      <section className="login-box card-box">
        <h2>修改密码</h2>
        {session.must_change_password && <p className="quiet">首次登录或密码到期，须先修改密码。</p>}
        <form className="login-form" onSubmit={(event) => void submit(event)}>
          {error && <Alert type="error" showIcon title={error} role="alert" />}
          {input('current', '原密码', 'current-password')}
          {input('next', `新密码（至少 ${LENGTH_MIN} 位）`, 'new-password')}
          {input('again', '再次填写新密码', 'new-password')}
          <Button type="primary" size="large" htmlType="submit" loading={busy} block>
            修改密码
          </Button>
        </form>
      </section>
    </main>
  );
}
