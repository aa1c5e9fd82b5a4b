import { render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { ProblemAlert } from './ProblemAlert';

describe('why something was refused', () => {
  it('is the fault itself when it is the only one and has no input here', () => {
    render(<ProblemAlert problem="提交的内容有 1 处错误" errors={{ id_no: '已有在审的同品种案件（GZ1）' }} placed={['reason']} />);
    expect(screen.getByRole('alert').textContent).toBe('已有在审的同品种案件（GZ1）');
  });

  it('lists the faults that stand at no input, and leaves the others to theirs', () => {
    render(<ProblemAlert problem="提交的内容有 2 处错误" errors={{ reason: '请填写原因', status: '状态不符' }} placed={['reason']} />);
    expect(screen.getByRole('alert').textContent).toContain('提交的内容有 2 处错误');
    expect(screen.getAllByRole('listitem').map((item) => item.textContent)).toEqual(['状态不符']);
  });

  it('says nothing when nothing was refused', () => {
    render(<ProblemAlert problem={null} errors={{ reason: '请填写原因' }} />);
    expect(screen.queryByRole('alert')).toBeNull();
  });
});
