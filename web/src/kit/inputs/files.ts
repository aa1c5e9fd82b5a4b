import { formatSize } from '../format';

const SIZE_MAX = 20 * 1024 * 1024;

/** Why a file cannot be taken, before it is sent; `null` when it can. The server checks again by content. */
export function refusalOf(file: { name: string; size: number; type: string }, accept: string[]): string | null {
  if (file.size === 0) return `「${file.name}」是空文件`;
  if (file.size > SIZE_MAX) return `「${file.name}」${formatSize(file.size)}，超过 ${formatSize(SIZE_MAX)}`;
  const fits = accept.length === 0 || accept.some((kind) => (kind.endsWith('/*') ? file.type.startsWith(kind.slice(0, -1)) : file.type === kind));
  return fits ? null : `「${file.name}」不是可接受的文件类型`;
}
