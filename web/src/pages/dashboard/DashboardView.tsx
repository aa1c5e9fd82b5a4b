import '../detail/detail.css';
import './dashboard.css';

import type { DashboardPage, Widget } from '../../api/types';
import { PageHead } from '../../kit/PageHead';
import { Breakdown, Figure, Shortcuts, Tasks } from './widgets';

/** Figures in a strip above; below, what is to be done at the left and what it consists of at the right. */
export default function DashboardView({ page }: { page: DashboardPage }) {
  const figures = page.widgets.filter((widget) => widget.widget === 'figure');
  return (
    <div className="page">
      <PageHead title={page.title} purpose={page.purpose} />
      {figures.length > 0 && <div className="card figures">{figures.map((widget) => <Figure key={widget.title} widget={widget} />)}</div>}
      <div className="board">
        <div>{page.widgets.filter((widget) => widget.widget !== 'breakdown').map((widget) => <BoardWidget key={widget.title} widget={widget} />)}</div>
        <div>{page.widgets.filter((widget) => widget.widget === 'breakdown').map((widget) => <BoardWidget key={widget.title} widget={widget} />)}</div>
      </div>
    </div>
  );
}

function BoardWidget({ widget }: { widget: Widget }) {
  switch (widget.widget) {
    case 'figure':
      return null;
    case 'breakdown':
      return <Breakdown widget={widget} />;
    case 'tasks':
      return <Tasks widget={widget} />;
    case 'shortcuts':
      return <Shortcuts widget={widget} />;
  }
}
