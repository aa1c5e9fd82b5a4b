import { NavLink } from 'react-router';

import { MenuIcon } from './icons';
import { places } from './places';
import { useSession } from './session';

/** The caller's menus. Groups can be folded; where one is, is always shown. */
export function SideMenu({ onChoose }: { onChoose?: () => void }) {
  const { menus } = useSession();
  return (
    <nav className="side-menu" aria-label="主菜单">
      {menus.map((menu) => (
        <details key={menu.key} open>
          <summary>
            <MenuIcon name={menu.icon} />
            {menu.title}
          </summary>
          <ul>
            {menu.items.map((item) => (
              <li key={item.page}>
                <NavLink to={places.page(item.page)} onClick={onChoose}>
                  {item.title}
                </NavLink>
              </li>
            ))}
          </ul>
        </details>
      ))}
      {menus.length === 0 && <p className="quiet small side-none">当前岗位没有可用的菜单，请联系系统管理员。</p>}
    </nav>
  );
}
