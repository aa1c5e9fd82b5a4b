import { Button } from 'antd';
import { Component, type ReactNode } from 'react';

/** A page that breaks leaves the shell standing; a new version on the server asks for a fresh load. */
export class PageBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  render() {
    if (!this.state.broken) return this.props.children;
    return (
      <div className="state" role="alert">
        <p className="state-failed">页面出现错误，可能是系统已更新</p>
        <Button type="primary" onClick={() => window.location.reload()}>刷新页面</Button>
      </div>
    );
  }
}
