import { Tabs } from 'antd';
import { useSearchParams } from 'react-router';

import type { DetailPage, Entity, RecordJson, Section, Tab } from '../../api/types';
import { rowsOf } from '../../kit/fields';
import { holds } from '../../kit/expression';
import { useShortcuts } from '../../kit/shortcuts';
import { Empty } from '../../kit/states';
import { Facts, Rows } from './Facts';
import { FilesPanel } from './FilesPanel';
import { HistoryPanel, RelatedPanel } from './panels';
import { OpinionsPanel, ProcessPanel } from './ProcessPanels';

interface Props {
  page: DetailPage;
  record: RecordJson;
  entity: Entity;
}

const TAB = 'tab';

/** The tabs of a record's page, without its head: also shown beside the handling of a task. The tab stands in the address. */
export function RecordTabs({ page, record, entity }: Props) {
  const [params, setParams] = useSearchParams();
  const titles = page.tabs.map((tab) => tab.title);
  const at = Math.max(0, titles.indexOf(params.get(TAB) ?? ''));
  const choose = (title: string | undefined) => {
    if (title === undefined) return;
    setParams((before) => {
      const next = new URLSearchParams(before);
      if (title === titles[0]) next.delete(TAB);
      else next.set(TAB, title);
      return next;
    }, { replace: true });
  };
  useShortcuts([
    { key: ']', title: '下一个页签', group: '案件', run: () => choose(titles[at + 1]) },
    { key: '[', title: '上一个页签', group: '案件', run: () => choose(titles[at - 1]) },
  ]);
  return (
    <Tabs
      destroyOnHidden activeKey={titles[at]} onChange={choose}
      items={page.tabs.map((tab) => ({ key: tab.title, label: tab.title, children: <TabBody tab={tab} record={record} entity={entity} /> }))}
    />
  );
}

function TabBody({ tab, record, entity }: { tab: Tab; record: RecordJson; entity: Entity }) {
  const sections = (tab.sections ?? []).filter((section) => holds(section.visible_when, record, true));
  if (sections.length === 0 && !tab.related && !tab.panel) return <Empty text="办到这一环节后显示。" />;
  return (
    <>
      {sections.map((section) => <SectionView key={section.title} section={section} record={record} entity={entity} />)}
      {tab.related && <RelatedPanel related={tab.related} id={record.id} />}
      {tab.panel === 'opinions' && <OpinionsPanel entity={entity.entity} id={record.id} />}
      {tab.panel === 'process' && <ProcessPanel entity={entity.entity} id={record.id} />}
      {tab.panel === 'history' && <HistoryPanel entity={entity} id={record.id} />}
      {tab.panel === 'files' && <FilesPanel entity={entity} record={record} />}
    </>
  );
}

function SectionView({ section, record, entity }: { section: Section; record: RecordJson; entity: Entity }) {
  const child = section.children ? entity.children?.[section.children] : undefined;
  return (
    <section className="detail-section">
      <h3>{section.title}</h3>
      {child && section.children ? (
        <Rows entity={child} columns={section.columns ?? []} rows={rowsOf(record, section.children)} empty={`没有${section.title}。`} />
      ) : (
        <Facts entity={entity} names={section.fields ?? []} record={record} />
      )}
    </section>
  );
}
