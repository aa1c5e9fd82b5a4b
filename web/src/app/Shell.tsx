import './shell.css';

import { Drawer } from 'antd';
import { Suspense, useState } from 'react';
import { Outlet, useLocation } from 'react-router';

import { Loading } from '../kit/states';
import { HeaderBar } from './HeaderBar';
import { PageBoundary } from './PageBoundary';
import { SignedIn } from './session';
import { SideMenu } from './SideMenu';

export function Shell() {
  const [menuOpen, setMenuOpen] = useState(false);
  const place = useLocation();
  return (
    <SignedIn>
      <a className="skip" href="#content">跳到正文</a>
      <div className="shell">
        <HeaderBar onMenu={() => setMenuOpen(true)} />
        <aside className="shell-side">
          <SideMenu />
        </aside>
        <main id="content" className="shell-main" tabIndex={-1}>
          <PageBoundary key={place.pathname}>
            <Suspense fallback={<Loading />}>
              <Outlet />
            </Suspense>
          </PageBoundary>
        </main>
        <Drawer open={menuOpen} onClose={() => setMenuOpen(false)} placement="left" size={264} title="菜单" styles={{ body: { padding: 0 } }}>
          <SideMenu onChoose={() => setMenuOpen(false)} />
        </Drawer>
      </div>
    </SignedIn>
  );
}
