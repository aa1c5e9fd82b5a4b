import './login.css';

import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearchParams } from 'react-router';

import { sessionQuery } from '../api/queries';
import { LogInForm } from './LogInForm';
import { safePlace } from './places';
import { useTitle } from './session';

export function LogInPage() {
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  useTitle('登录');

  const done = async () => {
    queries.clear();
    await queries.fetchQuery(sessionQuery);
    await navigate(safePlace(params.get('next')), { replace: true });
  };

  return (
    <main className="login">
      <div className="login-side">
        <div className="login-brand">
          <img src="/icon.svg" width={32} height={32} alt="" />
          安居
        </div>
        <h1>住房保障<br />业务办理平台</h1>
        <p className="lead">受理、核查、审核、公示、准入，一户一案，全程留痕。</p>
        <nav className="login-public" aria-label="公众服务">
          <Link to="/public/notices">公示公告</Link>
          <Link to="/verify">资格证核验</Link>
        </nav>
      </div>
      <div className="login-main">
        <section className="login-box" aria-labelledby="login-title">
          <h2 id="login-title">登录</h2>
          <LogInForm onDone={done} />
        </section>
      </div>
    </main>
  );
}
