import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { App as AntApp, ConfigProvider } from 'antd';
import zhCN from 'antd/locale/zh_CN';
import { RouterProvider } from 'react-router';

import { ApiProblem } from '../api/problem';
import { RenewSession } from './RenewSession';
import { router } from './router';
import { theme } from './theme';

const RETRIES_MAX = 2;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: true,
      // A refusal stays a refusal; only a lost connection or a stumbling server is asked again.
      retry: (count, error) =>
        count < RETRIES_MAX && (!(error instanceof ApiProblem) || error.status === 0 || error.status >= 502),
    },
  },
});

/** The nonce the server put into the page for the styles antd writes; none in development. */
function styleNonce(): string | undefined {
  const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
  return nonce && !nonce.startsWith('__') ? nonce : undefined;
}

export function App() {
  return (
    <ConfigProvider locale={zhCN} theme={theme} button={{ autoInsertSpace: false }} csp={{ nonce: styleNonce() }}>
      <AntApp message={{ maxCount: 3 }}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
          <RenewSession />
        </QueryClientProvider>
      </AntApp>
    </ConfigProvider>
  );
}
