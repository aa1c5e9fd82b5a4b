import type { Entity, Field, Json, Values } from '../../api/types';
import { DocumentViewer, type ViewedFile } from '../../features/viewer';
import { rowsOf, useDictionaries } from '../../kit/fields';
import { Empty } from '../../kit/states';

const isFile = (type: Field['type']) => type === 'file' || type === 'image' || type === 'video';

/** The files of a field: one, or several. */
const idsIn = (value: Json | undefined): string[] => (Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []);

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
      return idsIn(row[file]).map((id): ViewedFile => ({ id, kind: of, name: title === of ? undefined : title }));
    });
  });
  const own = Object.entries(entity.fields)
    .filter(([, field]) => isFile(field.type))
    .flatMap(([name, field]) => idsIn(record[name]).map((id): ViewedFile => ({ id, kind: field.title })));
  const files = [...ofRows, ...own];
  if (files.length === 0) return <Empty text="没有材料文件。" />;
  return <DocumentViewer key={files.map((file) => file.id).join()} files={files} />;
}
