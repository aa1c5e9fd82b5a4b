import { BellOutlined, DownOutlined, MenuOutlined, SwapOutlined, UserOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { App, Badge, Button, Dropdown, type MenuProps } from 'antd';
import { Link, useNavigate } from 'react-router';

import { linkSession } from '../api/client';
import { choosePost, logOut } from '../api/commands';
import { messageOf } from '../api/problem';
import { tasksQuery } from '../api/queries';
import { places } from './places';
import { useRenewedSession, useSession } from './session';
import { ShortcutHelp } from './ShortcutHelp';

const TASKS_REFRESH_MS = 60_000;

export function HeaderBar({ onMenu }: { onMenu: () => void }) {
  return (
    <header className="header-bar">
      <Button className="header-burger" type="text" icon={<MenuOutlined aria-hidden />} aria-label="打开菜单" onClick={onMenu} />
      <Link to="/" className="header-brand">
        <img src="/icon.svg" width={26} height={26} alt="" />
        <span>安居</span>
        <span className="header-sub">住房保障平台</span>
      </Link>
      <div className="header-tools">
        <PostSwitch />
        <TaskCount />
        <ShortcutHelp />
        <UserMenu />
      </div>
    </header>
  );
}

function PostSwitch() {
  const { post, posts } = useSession();
  const renew = useRenewedSession();
  const navigate = useNavigate();
  const { message } = App.useApp();
  if (!post) return null;
  const title = [post.org_title, post.title].filter(Boolean).join(' · ');
  if (posts.length < 2) return <span className="header-org">{title}</span>;

  const choose: MenuProps['onClick'] = async ({ key }) => {
    try {
      await choosePost(key);
      await renew();
      await navigate('/');
    } catch (problem) {
      void message.error(messageOf(problem));
    }
  };
  const items = posts.map((one) => ({ key: one.id, label: [one.org_title, one.title].filter(Boolean).join(' · '), disabled: one.id === post.id }));
  return (
    <Dropdown menu={{ items, onClick: choose }} trigger={['click']}>
      <Button type="text" icon={<SwapOutlined aria-hidden />} aria-label={`当前岗位：${title}，切换岗位`}>
        <span className="header-org">{title}</span>
        <DownOutlined aria-hidden />
      </Button>
    </Dropdown>
  );
}

function TaskCount() {
  const { data } = useQuery({
    ...tasksQuery({ box: 'todo', page: 1, size: 1 }),
    refetchInterval: TASKS_REFRESH_MS,
  });
  const count = data?.total ?? 0;
  return (
    <Link to={places.tasks} className="header-tasks" aria-label={`待办 ${count} 件`}>
      <BellOutlined aria-hidden />
      <span className="header-tasks-text">待办</span>
      <Badge count={count} overflowCount={999} size="small" />
    </Link>
  );
}

function UserMenu() {
  const { name, account, roles } = useSession();
  const navigate = useNavigate();
  const choose: MenuProps['onClick'] = async ({ key }) => {
    if (key === 'password') await navigate('/password');
    if (key === 'out') {
      await logOut().catch(() => undefined);
      linkSession({ csrf: null });
      // A full load: nothing of the last user stays in memory.
      window.location.assign('/login');
    }
  };
  const items: MenuProps['items'] = [
    { key: 'who', disabled: true, label: <span className="small">{account}<br />{roles.map((role) => role.title).join('、')}</span> },
    { type: 'divider' },
    { key: 'password', label: '修改密码' },
    { key: 'out', label: '退出登录' },
  ];
  return (
    <Dropdown menu={{ items, onClick: (info) => void choose(info) }} trigger={['click']}>
      <Button type="text" icon={<UserOutlined aria-hidden />} aria-label="用户菜单">
        <span className="header-user">{name}</span>
      </Button>
    </Dropdown>
  );
}
