import { useQueryClient } from '@tanstack/react-query';
import { Modal } from 'antd';
import { useEffect, useRef, useState } from 'react';

import { linkSession } from '../api/client';
import { ApiProblem } from '../api/problem';
import { sessionQuery } from '../api/queries';
import { LogInForm } from './LogInForm';

interface Waiting {
  promise: Promise<void>;
  resolve: () => void;
  reject: (reason: ApiProblem) => void;
}

/** Asks for the password when the session has expired, over the page as it stands: requests wait, input stays. */
export function RenewSession() {
  const queries = useQueryClient();
  const waiting = useRef<Waiting | null>(null);
  const [open, setOpen] = useState(false);

  useEffect(() => {
    const renew = (): Promise<void> => {
      // Somebody who was never signed in belongs on the log-in page, not in a dialog.
      if (!queries.getQueryData(sessionQuery.queryKey)) return Promise.reject(new ApiProblem({ status: 401 }));
      if (!waiting.current) {
        let settle: Omit<Waiting, 'promise'> | null = null;
        const promise = new Promise<void>((resolve, reject) => {
          settle = { resolve, reject };
        });
        waiting.current = { promise, ...settle! };
        setOpen(true);
      }
      return waiting.current.promise;
    };
    linkSession({ renew });
    return () => linkSession({ renew: null });
  }, [queries]);

  const done = async () => {
    const session = await queries.fetchQuery({ ...sessionQuery, staleTime: 0 });
    linkSession({ csrf: session.csrf });
    waiting.current?.resolve();
    waiting.current = null;
    setOpen(false);
  };

  const giveUp = () => {
    waiting.current?.reject(new ApiProblem({ status: 401, code: 'session_expired' }));
    waiting.current = null;
    setOpen(false);
  };

  return (
    <Modal open={open} onCancel={giveUp} footer={null} title="登录已失效" width={380} destroyOnHidden mask={{ closable: false }}>
      <p className="quiet">为保护数据，长时间未操作需重新登录。已填写的内容不会丢失。</p>
      <LogInForm account={queries.getQueryData(sessionQuery.queryKey)?.account} onDone={done} />
    </Modal>
  );
}
