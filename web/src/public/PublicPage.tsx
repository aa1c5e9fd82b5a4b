import './public.css';

import type { ReactNode } from 'react';
import { Link, NavLink } from 'react-router';

/** The frame of pages that are open to everybody. */
export function PublicPage({ title, purpose, children }: { title: string; purpose?: string | null; children: ReactNode }) {
  return (
    <div className="public">
      <header className="public-head">
        <div>
          <span className="public-brand"><img src="/icon.svg" width={26} height={26} alt="" />住房保障公众服务</span>
          <nav aria-label="公众服务">
            <NavLink to="/public/notices">公示公告</NavLink>
            <NavLink to="/verify">资格证核验</NavLink>
            <Link to="/login" className="public-staff">工作人员登录</Link>
          </nav>
        </div>
      </header>
      <main>
        <h1>{title}</h1>
        {purpose && <p className="quiet">{purpose}</p>}
        {children}
      </main>
    </div>
  );
}
