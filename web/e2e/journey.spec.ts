import { expect, test, type Page } from '@playwright/test';

import { aPerson, choose, idNumber, logIn, passDays, PATIENCE, qrCodeOf, scan } from './support';

const APPLICANT = idNumber('31011519880612023');
const SPOUSE = idNumber('31011519890304024');
const CHILD = idNumber('31011520160907025');
const COUNTER_APPLICANT = idNumber('31011519900101033');

interface Family {
  channel: string;
  name: string;
  idNo: string;
  marriage: '已婚' | '未婚';
  members: { name: string; relation: string; part: string; idNo: string }[];
}

/** Enters and submits an application by the form; its number. */
async function apply(page: Page, family: Family): Promise<string> {
  const input = (title: string) => page.getByLabel(title, { exact: true }).and(page.locator('input'));
  await page.goto('/p/eligibility.case_form');
  await choose(page, input('申请渠道'), family.channel);
  await choose(page, input('申请区'), '浦东新区');
  await input('主申请人').fill(family.name);
  await input('证件号码').fill(family.idNo);
  await input('联系电话').fill('13800138000');
  await choose(page, input('婚姻状况'), family.marriage);
  await page.locator('[data-field=f-registered_here]').getByText('是').click();
  await input('现居住地址').fill('上海市浦东新区张杨路100弄1号101室');
  await input('工作单位').fill('上海申江物业管理有限公司');
  await input('劳动合同期限').fill('24');
  await input('社保连续缴纳月数').fill('36');
  for (const [index, member] of family.members.entries()) {
    const cell = (title: string) => page.getByLabel(`第 ${index + 1} 行${title}`, { exact: true });
    await page.getByRole('button', { name: '新增家庭成员' }).click();
    await cell('姓名').fill(member.name);
    await choose(page, cell('与主申请人关系'), member.relation);
    await choose(page, cell('申请身份'), member.part);
    await page.locator(`[data-field="members[${index}].id_no"] input`).fill(member.idNo);
  }
  await page.getByRole('button', { name: '新增住房情况' }).click();
  await page.getByLabel('第 1 行房屋坐落').fill('上海市浦东新区张杨路100弄1号101室');
  await choose(page, page.getByLabel('第 1 行房屋性质'), '市场租赁');
  await page.getByLabel('第 1 行建筑面积').fill('45.50');
  await upload(page, ['身份证明', '劳动合同', '住房情况证明', ...(family.marriage === '已婚' ? ['婚姻证明'] : [])]);
  await page.getByRole('button', { name: '提交', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: '确定' }).click();
  const heading = page.getByRole('heading', { level: 1, name: family.name });
  await expect(heading).toBeVisible(PATIENCE);
  return (await heading.textContent())!.split(' ')[0]!;
}

/** Scans, several at once, then what each of them is. */
async function upload(page: Page, kinds: string[]) {
  const scans = [];
  for (const kind of kinds) scans.push(await scan(page, kind));
  await page.getByLabel('批量上传').setInputFiles(scans);
  for (const [index, kind] of kinds.entries()) {
    await choose(page, page.getByLabel(`第 ${index + 1} 行材料类别`), kind);
  }
}

/** Opens the only task on a case that waits for the one who is signed in. */
async function open(page: Page, number: string, step: string) {
  await expect(async () => {
    await page.goto(`/tasks?search=${number}`);
    await expect(page.locator('.tasks-table tbody tr')).toContainText(step, { timeout: 3_000 });
  }).toPass(PATIENCE);
  await page.locator('.tasks-table tbody').getByRole('link', { name: number }).click();
  await expect(page.getByRole('heading', { level: 1, name: step, exact: true })).toBeVisible(PATIENCE);
}

/** Completes the open task: an outcome where there is a choice, an opinion, the way on. */
async function finish(page: Page, outcome: string | null, button = '提交') {
  if (outcome) await page.getByRole('radio', { name: outcome, exact: true }).check();
  await page.getByLabel('办理意见').fill('情况属实，按规定办理。');
  await page.locator('.handling-panel').getByRole('button', { name: button, exact: true }).click();
  await expect(page.locator('.ant-message-success').first()).toBeVisible(PATIENCE);
}

async function handle(page: Page, number: string, step: string, outcome: string | null, button?: string) {
  await open(page, number, step);
  await finish(page, outcome, button);
}

/** Opens a case by its number. */
async function openCase(page: Page, number: string) {
  await page.goto(`/p/eligibility.cases?f.case_no=${number}`);
  await page.getByRole('link', { name: number }).click();
  await expect(page.getByRole('heading', { level: 1, name: number })).toBeVisible(PATIENCE);
}

test('m028 m031 a case from the counter waits for the answers of the next day', async ({ page }) => {
  test.setTimeout(240_000);
  await aPerson(COUNTER_APPLICANT, '未婚', 36);
  await logIn(page, 'pudong-clerk');
  const number = await apply(page, { channel: '运营机构窗口', name: '陆海燕', idNo: COUNTER_APPLICANT, marriage: '未婚', members: [] });
  await open(page, number, '受理');
  await page.getByRole('button', { name: '签收', exact: true }).click();
  await finish(page, '受理');
  await openCase(page, number);
  await page.getByRole('tab', { name: '核查结果' }).click();
  await expect(page.locator('.detail-table tbody tr').filter({ hasText: '不动产登记' })).toContainText('核查中', PATIENCE);
  await passDays(2);
  await logIn(page, 'pudong-clerk');
  await open(page, number, '核查结果确认');
  await page.getByRole('tab', { name: '核查结果' }).click();
  await expect(page.locator('.detail-table tbody tr').filter({ hasText: '不动产登记' })).toContainText('未查到住房');
});

test('m011 m016 m023 m032 m043 m044 m045 m046 takes a new application to a downloaded certificate PDF whose QR code verifies', async ({ page, browser }) => {
  test.setTimeout(600_000);
  await aPerson(APPLICANT, '已婚', 60);
  await aPerson(SPOUSE, '已婚', 0);
  await aPerson(CHILD, '未婚', 0);
  await logIn(page, 'pudong-clerk');
  const number = await apply(page, {
    channel: '随申办', name: '顾文杰', idNo: APPLICANT, marriage: '已婚',
    members: [
      { name: '姚静怡', relation: '配偶', part: '共同申请人', idNo: SPOUSE },
      { name: '顾小宇', relation: '子女', part: '同住人', idNo: CHILD },
    ],
  });

  await open(page, number, '预审');
  await page.getByRole('tab', { name: '材料文件' }).click();
  await expect(page.getByRole('img', { name: '身份证明' })).toBeVisible(PATIENCE);
  await page.keyboard.press('r');
  await expect(page.getByRole('img', { name: '身份证明' })).toHaveCSS('transform', /matrix\(0, 1, -1, 0/);
  await finish(page, '预审通过');

  await open(page, number, '受理');
  await page.getByRole('button', { name: '签收', exact: true }).click();
  await finish(page, '受理');
  await open(page, number, '核查结果确认');
  await page.getByRole('tab', { name: '核查结果' }).click();
  await expect(page.locator('.detail-facts').filter({ hasText: '人均住房建筑面积' })).toContainText('0.00 ㎡');
  await finish(page, null, '确认核查结果');

  await logIn(page, 'pudong-review');
  await handle(page, number, '初审', '初审通过');
  await logIn(page, 'pudong-confirm');
  await handle(page, number, '初审核定', '核定通过');
  await logIn(page, 'pudong-review');
  await open(page, number, '初审公示');
  await page.getByLabel('初审公示地点').fill('潍坊新村街道公示栏');
  await finish(page, null, '发布公示');

  await passDays(12);
  await logIn(page, 'pudong-review');
  await handle(page, number, '初审公示结果', '公示通过');
  await logIn(page, 'pudong-district');
  await handle(page, number, '复审', '复审通过');
  await logIn(page, 'pudong-manager');
  await handle(page, number, '复审核定', '核定通过');
  await logIn(page, 'pudong-district');
  await handle(page, number, '网上公示', null, '发布公示');
  await page.goto('/public/notices');
  await expect(page.locator('.public-table')).toContainText(number, PATIENCE);

  await passDays(12);
  await logIn(page, 'pudong-district');
  await handle(page, number, '网上公示结果', '公示通过');
  await logIn(page, 'pudong-manager');
  await handle(page, number, '网上公示核定', '核定通过');
  await handle(page, number, '准入审核', '准予准入');

  const pdf = await certificateOf(page, number);
  const address = qrCodeOf(pdf);
  const stranger = await browser.newContext();
  const visit = await stranger.newPage();
  await visit.goto(address);
  await expect(visit.getByText('证书有效')).toBeVisible(PATIENCE);
  await expect(visit.locator('.verify-card')).toContainText('上海市公共租赁住房准入资格证');
  await stranger.close();
});

/** Downloads the certificate of a case as soon as it has been made; where it lies. */
async function certificateOf(page: Page, number: string): Promise<string> {
  await openCase(page, number);
  const certificate = page.getByRole('list', { name: '材料清单' }).getByRole('button', { name: '准入资格证' });
  await expect(async () => {
    await page.reload();
    await page.getByRole('tab', { name: '材料文件' }).click();
    await expect(certificate).toBeVisible({ timeout: 3_000 });
  }).toPass(PATIENCE);
  await certificate.click();
  const download = page.waitForEvent('download');
  await page.getByRole('toolbar', { name: '查看材料' }).getByRole('link', { name: '下载' }).click();
  return (await download).path();
}
