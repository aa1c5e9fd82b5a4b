import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';

import { pageQuery } from '../api/queries';
import { useTitle } from '../app/session';
import { Empty, Failed, Loading } from '../kit/states';
import FormView from './form/FormView';

/** The form that a detail page names for editing; a form page itself may be addressed as well. */
export function EditRoute() {
  const { pageKey = '', id = '' } = useParams();
  const shown = useQuery(pageQuery(pageKey));
  const formKey = shown.data?.kind === 'detail' ? shown.data.edit : shown.data?.kind === 'form' ? pageKey : null;
  const form = useQuery({ ...pageQuery(formKey ?? ''), enabled: Boolean(formKey) });
  useTitle(form.data?.title);
  const error = shown.error ?? form.error;
  if (error) return <Failed error={error} again={() => void (shown.error ? shown.refetch() : form.refetch())} />;
  if (shown.data && !formKey) return <Empty text="此页面没有可编辑的内容。" />;
  if (form.data?.kind !== 'form') return <Loading />;
  return <FormView key={id} page={form.data} id={id} back={shown.data?.kind === 'detail' ? pageKey : undefined} />;
}
