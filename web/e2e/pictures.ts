import { expect, test, type Page } from '@playwright/test';

import { logIn, PATIENCE } from './support';

const FOLDER = '../docs/pictures';

async function picture(page: Page, name: string) {
  await expect(page.locator('.ant-spin')).toHaveCount(0, PATIENCE);
  await page.screenshot({ path: `${FOLDER}/${name}.png` });
}

test('handling a case', async ({ page }) => {
  await logIn(page, 'pudong-review');
  await page.goto('/tasks?step=preliminary_review');
  await page.locator('.tasks-table tbody').getByRole('link').first().click();
  await page.getByRole('tab', { name: '核查结果' }).click();
  await expect(page.getByRole('cell', { name: '社会保险' })).toBeVisible(PATIENCE);
  await picture(page, 'handling');
});

test('the certificate', async ({ page }) => {
  await logIn(page, 'pudong-clerk');
  await page.goto('/p/eligibility.cases?view=审核通过');
  await page.locator('tbody tr.ant-table-row').first().click();
  await page.getByRole('tab', { name: '材料文件' }).click();
  await page.getByRole('list', { name: '材料清单' }).getByRole('button', { name: '准入资格证' }).click();
  // The browser's own viewer says nothing of when it has drawn the page.
  await page.waitForTimeout(3_000);
  await picture(page, 'certificate');
});
