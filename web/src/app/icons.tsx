import {
  AppstoreOutlined, AuditOutlined, BankOutlined, BarChartOutlined, BellOutlined, BookOutlined, CalendarOutlined,
  CheckCircleOutlined, ClockCircleOutlined, ContainerOutlined, DashboardOutlined, FileDoneOutlined, FileSearchOutlined,
  FileTextOutlined, HomeOutlined, IdcardOutlined, NotificationOutlined, ProfileOutlined, SafetyCertificateOutlined,
  SearchOutlined, SettingOutlined, TeamOutlined, UnorderedListOutlined, UserOutlined,
} from '@ant-design/icons';
import type { ComponentType } from 'react';

/** The names that menus may use. An unknown name falls back to a plain page. */
const ICONS: Record<string, ComponentType> = {
  app: AppstoreOutlined, audit: AuditOutlined, bank: BankOutlined, bell: BellOutlined, book: BookOutlined,
  calendar: CalendarOutlined, certificate: SafetyCertificateOutlined, chart: BarChartOutlined, check: CheckCircleOutlined,
  clock: ClockCircleOutlined, dashboard: DashboardOutlined, done: FileDoneOutlined, file: FileTextOutlined,
  folder: ContainerOutlined, home: HomeOutlined, id: IdcardOutlined, list: UnorderedListOutlined,
  notice: NotificationOutlined, organisation: BankOutlined, search: SearchOutlined, setting: SettingOutlined,
  settings: SettingOutlined, task: ProfileOutlined, tasks: ProfileOutlined, team: TeamOutlined, user: UserOutlined,
  users: TeamOutlined, verify: FileSearchOutlined,
};

export function MenuIcon({ name }: { name?: string | null }) {
  const Icon = ICONS[name ?? ''] ?? FileTextOutlined;
  return <Icon aria-hidden />;
}
