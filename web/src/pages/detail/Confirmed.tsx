import type { Confirmation } from '../../api/types';

/** What was let pass with a change, and why. */
export function Confirmed({ all }: { all: Confirmation[] | undefined }) {
  return (
    <>
      {(all ?? []).map((one) => (
        <div key={`${one.field} ${one.code}`} className="small">已确认：{one.message}（{one.reason}）</div>
      ))}
    </>
  );
}
