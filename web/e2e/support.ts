import { expect, type Locator, type Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PASSWORD = 'Anju-demo-2026';
/** Long enough for a slow machine under load; steps are waited for, not slept through. */
export const PATIENCE = { timeout: 60_000 };

const DAY_S = 24 * 3600;

/** Signs in anew, as whoever is named, whatever went before. */
export async function logIn(page: Page, account: string) {
  await page.context().clearCookies();
  await page.goto('/login');
  await page.getByLabel('账号').fill(account);
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: '工作台' })).toBeVisible(PATIENCE);
}

/** Lets days pass for the platform (the file of its clock) and for the agencies (their control interface). */
export async function passDays(days: number) {
  const file = needed('ANJU_CLOCK_FILE');
  const ahead = Number(readFileSync(file, 'utf8').trim() || 0);
  writeFileSync(file, String(ahead + days * DAY_S));
  const answer = await fetch(`${needed('ANJU_AGENCIES')}/control/clock/advance`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ hours: 24 * days }),
  });
  expect(answer.ok, 'the sandbox moves its clock').toBe(true);
}

/** A person as the agencies know them: owns nothing, of this marital status, so many months insured. */
export async function aPerson(idNo: string, marriage: '已婚' | '未婚', months: number) {
  const facts = {
    registry: { properties: [] },
    public_housing: { dwellings: [] },
    marriage: { status: marriage, registered_on: null, spouse: null },
    social_insurance: { months_paid: months, months_continuous: months, in_payment: months > 0, employer: null },
  };
  const answer = await fetch(`${needed('ANJU_AGENCIES')}/control/persons/${idNo}`, {
    method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(facts),
  });
  expect(answer.ok, 'the sandbox knows the person').toBe(true);
}

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run scripts/test-browser`);
  return value;
}

/** A resident's ID number from its first 17 digits (GB 11643). */
export function idNumber(digits: string): string {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, at) => total + weight * Number(digits[at]), 0);
  return digits + '10X98765432'[sum % 11];
}

/** Chooses from a list by the words of the option. */
export async function choose(page: Page, input: Locator, option: string) {
  const open = page.locator('.ant-select-dropdown:not(.ant-select-dropdown-hidden)');
  await input.click();
  await open.getByTitle(option, { exact: true }).click();
  // The next list is not to be mistaken for one that is still closing.
  await expect(open).toHaveCount(0);
}

/** A scan: a picture of a page with some words on it. */
export async function scan(page: Page, words: string): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const sheet = await page.context().newPage();
  await sheet.setViewportSize({ width: 600, height: 420 });
  await sheet.setContent(`<body style="font:28px sans-serif;padding:40px"><h1>${words}</h1><p>示范材料</p></body>`);
  const buffer = await sheet.screenshot();
  await sheet.close();
  return { name: `${words}.png`, mimeType: 'image/png', buffer };
}

/** What the QR code on the first page of a PDF says. */
export function qrCodeOf(pdf: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'anju-pdf-'));
  const picture = join(folder, 'page');
  execFileSync('pdftoppm', ['-r', '150', '-png', '-singlefile', pdf, picture]);
  // It complains of a missing desktop bus; what it reads is on its output.
  return execFileSync('zbarimg', ['-q', '--raw', `${picture}.png`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
