import type { ImportError, Job } from '../../api/types';

type Result = NonNullable<Job['result']>;

/** The outcome of an import in one sentence, and how it is coloured. */
export function summaryOf(title: string, result: Result, dryRun: boolean): { tone: 'success' | 'warning' | 'error'; text: string } {
  const { rows = 0, created = 0, faulty = 0, errors = [] } = result;
  if (rows === 0 && errors.length) return { tone: 'error', text: '工作簿不能导入，请按提示修改后重试' };
  if (dryRun) {
    return faulty
      ? { tone: 'warning', text: `校验了 ${rows} 行${title}，${faulty} 行有误，${rows - faulty} 行无误；没有导入` }
      : { tone: 'success', text: `校验了 ${rows} 行${title}，全部无误；没有导入` };
  }
  if (!faulty) return { tone: 'success', text: `${rows} 行${title}全部导入` };
  if (!created) return { tone: 'error', text: `共 ${rows} 行${title}，${faulty} 行有误，没有导入任何一行` };
  return { tone: 'warning', text: `共 ${rows} 行${title}，已导入 ${created} 行；${faulty} 行有误，没有导入` };
}

/** The column a person sees in the workbook; the name of a field only where there is no column. */
export const columnName = (error: ImportError): string => error.column || error.field || '';
