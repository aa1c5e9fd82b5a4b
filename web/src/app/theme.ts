import type { ThemeConfig } from 'antd';

/** The one place of colours and sizes. CSS reads them as `--name`, antd as its tokens. */
export const tokens = {
  'brand': '#1f4f8f',
  'brand-deep': '#163a6b',
  'brand-tint': '#eaf1fa',
  'ink': '#1c2733',
  'ink-2': '#4d5b6a',
  'ink-3': '#66727f',
  'line': '#dde3ea',
  'line-soft': '#ebeff3',
  'ground': '#f3f5f8',
  'surface': '#ffffff',
  'success': '#23794b',
  'success-tint': '#e8f5ee',
  'warning': '#9a5b00',
  'warning-tint': '#fdf3e1',
  'danger': '#b3261e',
  'danger-tint': '#fcebea',
  'info': '#1f5fa8',
  'info-tint': '#e8f1fb',
  'neutral': '#4d5b6a',
  'neutral-tint': '#eef1f4',
  'radius': '4px',
  'gap-1': '4px',
  'gap-2': '8px',
  'gap-3': '12px',
  'gap-4': '16px',
  'gap-5': '24px',
  'header': '48px',
  'side': '208px',
  'panel': '372px',
  'text-s': '12px',
  'text-m': '14px',
  'text-l': '16px',
  'text-xl': '20px',
} as const;

const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", sans-serif';

/** Puts the tokens on the document, through the object model: a style attribute would need a hole in the CSP. */
export function applyTokens(root: HTMLElement): void {
  for (const [name, value] of Object.entries(tokens)) root.style.setProperty(`--${name}`, value);
  root.style.setProperty('--font', FONT);
}

export const theme: ThemeConfig = {
  token: {
    colorPrimary: tokens.brand,
    colorInfo: tokens.info,
    colorSuccess: tokens.success,
    colorWarning: '#c27803',
    colorError: tokens.danger,
    colorText: tokens.ink,
    colorTextSecondary: tokens['ink-2'],
    colorTextTertiary: tokens['ink-3'],
    colorTextDescription: tokens['ink-3'],
    colorBorder: '#c9d1da',
    colorBorderSecondary: tokens.line,
    colorBgLayout: tokens.ground,
    colorLink: tokens.brand,
    borderRadius: 4,
    borderRadiusLG: 6,
    fontFamily: FONT,
    fontSize: 14,
    controlHeight: 32,
    motionDurationMid: '0.12s',
    motionDurationSlow: '0.16s',
    wireframe: false,
  },
  components: {
    Table: {
      headerBg: '#f5f7fa', headerColor: tokens['ink-2'], headerSortActiveBg: '#f5f7fa', headerSortHoverBg: tokens['line-soft'], headerSplitColor: 'transparent', bodySortBg: tokens.surface,
      cellFontSizeSM: 13, cellPaddingBlockSM: 6, cellPaddingInlineSM: 10, rowHoverBg: tokens['brand-tint'],
    },
    Menu: { itemHeight: 36, itemMarginInline: 8, itemMarginBlock: 2, itemSelectedBg: tokens['brand-tint'], subMenuItemBg: tokens.surface },
    Tabs: { horizontalItemPadding: '10px 0', horizontalMargin: '0' },
    Modal: { titleFontSize: 16 },
  },
};
