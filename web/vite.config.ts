import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const server = process.env.ANJU_URL ?? 'http://localhost:8080';

export default defineConfig({
  plugins: [react()],
  server: { port: 5173, proxy: { '/api': { target: server } } },
  build: {
    target: 'es2022',
    sourcemap: false,
    // A strict CSP has no `data:` for fonts and scripts: every asset is a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: 'jsdom',
    // A busy machine takes its time to draw; nothing here waits on purpose.
    testTimeout: 30_000,
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/app/test-setup.ts'],
  },
});
