import { expect, test, type Page } from '@playwright/test';

import { idNumber, logIn, PATIENCE } from './support';
import { workbook } from './workbook';

const ROWS = 500;
const HEAD = ['序号', '主申请人', '证件类型', '证件号码', '联系电话', '婚姻状况', '本市户籍', '申请区', '现居住地址', '工作单位', '劳动合同期限', '社保连续缴纳月数', '申请渠道'];

/** Applications, one a row; `spoil` may change the cells of a row, numbered as the workbook does. */
function applications(spoil: (row: number, cells: string[]) => void = () => undefined): Buffer {
  const rows = Array.from({ length: ROWS }, (_, index) => {
    const born = `${1 + (Math.floor(index / 28) % 12)}`.padStart(2, '0') + `${1 + (index % 28)}`.padStart(2, '0');
    const cells = [
      String(index + 1), '陈建国', '居民身份证', idNumber(`3101151987${born}${String(1 + index).padStart(3, '0')}`), '13800138000', '未婚', '是', '浦东新区',
      '上海市浦东新区张杨路100弄1号101室', '上海申江物业管理有限公司', '24', '36', '批量导入',
    ];
    spoil(index + 2, cells);
    return cells;
  });
  return workbook('资格案件', [HEAD, ...rows]);
}

async function importWorkbook(page: Page, buffer: Buffer) {
  await page.getByRole('button', { name: '导入', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[type=file]').setInputFiles({ name: '申请.xlsx', mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', buffer });
  await dialog.getByRole('button', { name: '开始导入' }).click();
  return dialog;
}

test('m011 m015 a workbook of 500 applications is refused with every faulty row explained, and mended reaches acceptance', async ({ page }) => {
  test.setTimeout(300_000);
  await logIn(page, 'pudong-clerk');
  await page.goto('/p/eligibility.cases');

  const spoiled = applications((row, cells) => {
    if (row === 12) cells[3] = '310115198501010011';
    if (row === 202) cells[5] = '不详';
    if (row === 501) cells[9] = '';
  });
  let dialog = await importWorkbook(page, spoiled);
  await expect(dialog.getByText(`共 ${ROWS} 行资格案件，3 行有误，没有导入任何一行`)).toBeVisible({ timeout: 120_000 });
  const faults = dialog.locator('tbody tr.ant-table-row');
  await expect(faults).toHaveCount(3);
  await expect(faults.nth(0)).toContainText(/资格案件\s*12\s*证件号码/);
  await expect(faults.nth(1)).toContainText(/资格案件\s*202\s*婚姻状况/);
  await expect(faults.nth(2)).toContainText(/资格案件\s*501\s*工作单位/);
  const marked = page.waitForEvent('download');
  await dialog.getByRole('link', { name: '下载标注了错误的工作簿' }).click();
  expect((await marked).suggestedFilename()).toMatch(/\.xlsx$/);
  await dialog.getByRole('button', { name: '完成' }).click();

  dialog = await importWorkbook(page, applications());
  await expect(dialog.getByText(`${ROWS} 行资格案件全部导入`)).toBeVisible({ timeout: 240_000 });
  await dialog.getByRole('button', { name: '完成' }).click();
  await page.goto('/tasks?step=acceptance&search=陈建国');
  await expect(page.locator('.list-paging')).toContainText(`共 ${ROWS} 件`, PATIENCE);
});
