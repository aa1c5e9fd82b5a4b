import type { Field } from '../../api/types';
import { formatSize } from '../format';

const MB = 1024 * 1024;
const SIZE_MB_MAX = 20;

/** The media types a field takes: those of its definition, or those of its type. */
export function acceptOf(field: Pick<Field, 'type' | 'accept'>): string[] {
  if (field.accept?.length) return field.accept;
  if (field.type === 'image') return ['image/*'];
  return field.type === 'video' ? ['video/*'] : [];
}

/** Which of the chosen files are sent, and why the others are not. */
export function chosenOf(files: File[], field: Field, room: number): { fit: File[]; refusals: string[] } {
  const places = Math.max(0, room);
  const reasons = files.map((file) => refusalOf(file, acceptOf(field), field.size_mb_max));
  const fit = files.filter((_, index) => reasons[index] === null);
  const refusals = reasons.filter((reason) => reason !== null);
  if (fit.length > places) refusals.push(`最多还能添加 ${places} 个文件，其余未上传`);
  return { fit: fit.slice(0, places), refusals };
}

/** Why a file cannot be taken, before it is sent; `null` when it can. The server checks again by content. */
function refusalOf(file: { name: string; size: number; type: string }, accept: string[], sizeMbMax?: number | null): string | null {
  const most = Math.min(sizeMbMax ?? SIZE_MB_MAX, SIZE_MB_MAX) * MB;
  if (file.size === 0) return `「${file.name}」是空文件`;
  if (file.size > most) return `「${file.name}」${formatSize(file.size)}，超过 ${formatSize(most)}`;
  const fits = accept.length === 0 || accept.some((kind) => (kind.endsWith('/*') ? file.type.startsWith(kind.slice(0, -1)) : file.type === kind));
  return fits ? null : `「${file.name}」不是可接受的文件类型`;
}
