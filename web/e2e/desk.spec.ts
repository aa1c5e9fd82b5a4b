import { expect, test, type Page } from '@playwright/test';

const PASSWORD = 'Anju-demo-2026';

async function logIn(page: Page, account: string) {
  await page.goto('/login');
  await page.locator('input').first().fill(account);
  await page.locator('input[type=password]').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: '工作台' })).toBeVisible();
}

test('m001 the home page shows figures and what waits', async ({ page }) => {
  await logIn(page, 'pudong-clerk');
  await expect(page.getByText('在办案件')).toBeVisible();
  await expect(page.getByText(/我的待办/)).toBeVisible();
});

test('m022 cases are listed and found by their number', async ({ page }) => {
  await logIn(page, 'city');
  await page.goto('/p/eligibility.cases');
  const first = page.locator('tbody tr').filter({ hasText: '补件中' }).first();
  await expect(first).toBeVisible();
  await first.click();
  await expect(page.getByRole('tab', { name: '流程图' })).toBeVisible();
  await page.getByRole('tab', { name: '流程图' }).click();
  await expect(page.locator('.detail-picture svg').first()).toBeVisible();
});

test('m023 a case is signed for before it is handled', async ({ page }) => {
  await logIn(page, 'yangpu-clerk');
  await page.goto('/tasks');
  await page.locator('tbody tr').filter({ hasText: '受理' }).getByRole('link').first().click();
  await page.getByRole('button', { name: /签\s*收/ }).click();
  await expect(page.getByRole('radio', { name: '要求补件' })).toBeVisible();
});

test('m043 notices are public and masked', async ({ page }) => {
  await page.goto('/public/notices');
  await expect(page.getByRole('heading', { name: '公租房申请公示' })).toBeVisible();
  await expect(page.locator('tbody tr').first()).toContainText('*');
});

test('m046 a code that no certificate has is refused', async ({ page }) => {
  await page.goto('/verify/nothing');
  await expect(page.getByText('查无此证')).toBeVisible();
});
