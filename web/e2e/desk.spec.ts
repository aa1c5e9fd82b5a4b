import { expect, test } from '@playwright/test';

import { logIn } from './support';

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
  await page.getByRole('tab', { name: '流程图' }).click();
  await expect(page.locator('.detail-picture svg').first()).toBeVisible();
});

test('m048 cases are filtered by the working days left', async ({ page }) => {
  await logIn(page, 'city');
  await page.goto('/p/eligibility.cases');
  await page.getByRole('combobox', { name: '剩余工作日' }).click();
  await page.getByTitle('10 个工作日以上').click();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/countdown=later/);
  const tags = page.locator('tbody tr.ant-table-row .tag').filter({ hasText: /个工作日|到期/ });
  await expect(async () => {
    const texts = await tags.allTextContents();
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) expect(Number(/^剩 (\d+) 个/.exec(text)?.[1])).toBeGreaterThan(10);
  }).toPass();
});

test('m003 m048 tasks are gone through by keyboard, in the order of the list', async ({ page }) => {
  await logIn(page, 'pudong-clerk');
  await page.goto('/tasks');
  const rows = page.locator('.tasks-table tbody tr');
  await expect(rows.first()).toHaveAttribute('aria-selected', 'true');
  const [first, second] = [await rows.nth(0).getByRole('link').textContent(), await rows.nth(1).getByRole('link').textContent()];
  await page.keyboard.press('j');
  await expect(rows.nth(1)).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect(page.locator('.handling-case')).toHaveText(second ?? '');
  await expect(page.locator('.handling-way')).toContainText('2 /');
  await page.keyboard.press('k');
  await expect(page.locator('.handling-case')).toHaveText(first ?? '');
  await page.keyboard.press('?');
  await expect(page.getByText('提交，并转到下一件')).toBeVisible();
  await page.keyboard.press('?');
  await expect(page.getByText('提交，并转到下一件')).toBeHidden();
});

test('m023 a case is signed for before it is handled', async ({ page }) => {
  await logIn(page, 'yangpu-clerk');
  await page.goto('/tasks?step=acceptance');
  await page.locator('tbody tr').getByRole('link').first().click();
  await page.getByRole('button', { name: '签收', exact: true }).click();
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
