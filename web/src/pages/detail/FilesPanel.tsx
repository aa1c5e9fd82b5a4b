import type { Entity, Values } from '../../api/types';
import { DocumentViewer, type ViewedFile } from '../../features/viewer';
import { idsIn, isFile, rowsOf, useDictionaries } from '../../kit/fields';
import { Empty } from '../../kit/states';

/** The files of one value, numbered where there are several. */
const viewed = (kind: string, ids: string[], name?: string): ViewedFile[] =>
  ids.map((id, index) => ({ id, kind: ids.length > 1 ? `${kind} ${index + 1}` : kind, name }));

/** Files of a record and its child tables, with a viewer. */
export function FilesPanel({ entity, record }: { entity: Entity; record: Values }) {
  const children = Object.entries(entity.children ?? {});
  const dictionaries = useDictionaries(children.flatMap(([, child]) => Object.values(child.fields)));
  const titleOf = (dictionary: string | null | undefined, code: unknown) =>
    dictionaries.get(dictionary ?? '')?.items.find((item) => item.code === code)?.title;
  const ofRows = children.flatMap(([name, child]) => {
    const fields = Object.entries(child.fields);
    const file = fields.find(([, field]) => isFile(field.type))?.[0];
    const kind = fields.find(([, field]) => field.type === 'choice');
    if (!file) return [];
    return rowsOf(record, name).flatMap((row) => {
      const title = typeof row.title === 'string' ? row.title : undefined;
      const of = (kind && titleOf(kind[1].dictionary, row[kind[0]])) ?? title ?? child.title;
      return viewed(of, idsIn(row[file]), title === of ? undefined : title);
    });
  });
  const own = Object.entries(entity.fields)
    .filter(([, field]) => isFile(field.type))
    .flatMap(([name, field]) => viewed(field.title, idsIn(record[name])));
  const files = [...ofRows, ...own];
  if (files.length === 0) return <Empty text="没有材料文件。" />;
  return <DocumentViewer key={files.map((file) => file.id).join()} files={files} />;
}
