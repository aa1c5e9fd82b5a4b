import './form.css';

import { useQuery } from '@tanstack/react-query';

import { entityQuery, recordQuery } from '../../api/queries';
import type { FormPage } from '../../api/types';
import { Failed, Loading } from '../../kit/states';
import { RecordFormView } from './RecordFormView';

interface Props {
  page: FormPage;
  /** The record to edit; absent: a new one. */
  id?: string;
  /** Detail page to go back to. */
  back?: string;
}

export default function FormView({ page, id, back }: Props) {
  const entity = useQuery(entityQuery(page.entity));
  // The form keeps what it began with: a newer version is found when saving.
  const record = useQuery({ ...recordQuery(page.entity, id ?? ''), enabled: Boolean(id), refetchOnWindowFocus: false, gcTime: 0 });
  const error = entity.error ?? record.error;
  if (error) return <Failed error={error} again={() => void (entity.error ? entity.refetch() : record.refetch())} />;
  if (!entity.data || (id && !record.data)) return <Loading />;
  return <RecordFormView key={id ?? 'new'} page={page} entity={entity.data} record={record.data} back={back} />;
}
