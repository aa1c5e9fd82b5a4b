import { Input } from 'antd';
import { type ComponentType, lazy, type LazyExoticComponent, Suspense } from 'react';

import type { Field } from '../../api/types';
import type { InputProps } from './FieldInput';

type Special = LazyExoticComponent<ComponentType<InputProps & { name?: string }>>;

const FilesInput: Special = lazy(() => import('./FilesInput'));
const FileInput: Special = lazy(() => import('./FileInput'));
const AddressInput: Special = lazy(() => import('./AddressInput'));
const GeoPointInput: Special = lazy(() => import('./GeoPointInput'));
const RichTextInput: Special = lazy(() => import('./RichTextInput'));
const RefListInput: Special = lazy(() => import('./RefListInput'));

/** Inputs that are fetched when a form has a field of their type. */
const BY_TYPE: Partial<Record<Field['type'], Special>> = {
  file: FileInput, image: FileInput, video: FileInput, address: AddressInput, geo_point: GeoPointInput, rich_text: RichTextInput, ref_list: RefListInput,
};

/** The input of a type that has one of its own; `null` for all others. */
export function specialInput(props: InputProps) {
  const Found = props.field.many ? FilesInput : BY_TYPE[props.field.type];
  if (!Found) return null;
  return <Suspense fallback={<Input disabled aria-label={props.label} />}><Found {...props} /></Suspense>;
}
