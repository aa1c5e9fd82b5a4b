import { defineConfig } from '@playwright/test';

/** Debian's Chromium; the platform under test is started by scripts/test-browser. */
export default defineConfig({
  testDir: '.',
  timeout: 60_000,
  // One after the other: they share one platform, and some move its clock.
  workers: 1,
  reporter: [['list'], ['json', { outputFile: '../../target/browser-tests.json' }]],
  outputDir: '../../target/browser-tests',
  use: {
    baseURL: process.env.ANJU_URL ?? 'http://localhost:8080',
    viewport: { width: 1366, height: 768 },
    locale: 'zh-CN',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    },
  },
});
