/** Shapes on the wire. The server's `definitions` crate and OpenAPI document are the law; this file follows them. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Values = Record<string, Json | undefined>;

export interface SessionPost {
  id: string;
  title?: string;
  org_id: string;
  org_title: string;
  level: string;
}

export interface MenuItem {
  title: string;
  page: string;
  icon?: string | null;
}

export interface Menu {
  key: string;
  title: string;
  icon?: string | null;
  items: MenuItem[];
}

export interface Session {
  account: string;
  name: string;
  posts: SessionPost[];
  post: SessionPost | null;
  roles: { key: string; title: string }[];
  menus: Menu[];
  rights: string[];
  csrf: string;
  today: string;
  must_change_password: boolean;
  home: string | null;
}

export type FieldType =
  | 'text' | 'long_text' | 'rich_text' | 'integer' | 'decimal' | 'money' | 'boolean' | 'date' | 'date_time'
  | 'choice' | 'multi_choice' | 'ref' | 'ref_list' | 'file' | 'image' | 'video' | 'geo_point' | 'address' | 'sequence' | 'computed'
  | 'id_number' | 'person_name' | 'phone' | 'bank_card' | 'credit_code' | 'real_estate_certificate' | 'json';

export interface Field {
  title: string;
  type: FieldType;
  help?: string | null;
  required?: boolean;
  required_when?: string | null;
  visible_when?: string | null;
  read_only_when?: string | null;
  system?: boolean;
  immutable?: boolean;
  sensitive?: boolean;
  dictionary?: string | null;
  leaf_only?: boolean;
  to?: string | null;
  scale?: number | null;
  unit?: string | null;
  min?: Json;
  max?: Json;
  length_min?: number | null;
  length_max?: number | null;
  pattern?: string | null;
  default?: Json;
  accept?: string[];
  /** Files: a list of them. */
  many?: boolean;
  size_mb_max?: number | null;
  count_max?: number | null;
  datum?: 'wgs84' | 'gcj02' | null;
  result?: FieldType | null;
  stored?: boolean;
  /** Set here: the field is worked out by the platform; `type` is that of its result. */
  computed?: 'stored' | 'on_reading';
  /** The caller may see but not write it. */
  read_only?: boolean;
  /** The caller may ask to see the clear text of a masked value. */
  unmask?: boolean;
}

export interface Action {
  title: string;
  when?: string | null;
  otherwise?: string | null;
  confirm?: string | null;
  input?: Record<string, Field>;
}

export interface Entity {
  entity: string;
  title: string;
  purpose?: string | null;
  key?: string | null;
  display: string;
  parent?: { field: string; as: string; rows_max: number } | null;
  /** Fields that say to whom a record belongs. */
  scope?: { shared?: boolean; district?: string | null; subdistrict?: string | null; operator?: string | null } | null;
  fields: Record<string, Field>;
  /** Fields whose words a search looks for. */
  search?: string[];
  actions?: Record<string, Action>;
  children?: Record<string, Entity>;
  /** What the caller may do, when the server says so. */
  permissions?: Partial<Record<'create' | 'update' | 'delete' | 'import' | 'export', boolean>>;
}

export type Tone = 'neutral' | 'info' | 'success' | 'warning' | 'danger';

export interface DictionaryItem {
  code: string;
  title: string;
  /** Shown beside the title where the item is chosen. */
  note?: string | null;
  parent?: string | null;
  tone?: Tone | null;
  retired?: boolean;
}

export interface Dictionary {
  dictionary: string;
  title: string;
  items: DictionaryItem[];
}

export type FilterOp =
  | 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'in' | 'not_in' | 'between'
  | 'contains' | 'starts_with' | 'is_null' | 'not_null' | 'under';

export type Filter =
  | { and: Filter[] }
  | { or: Filter[] }
  | { not: Filter }
  | { field: string; op: FilterOp; value?: Json };

export interface Sort {
  field: string;
  dir?: 'asc' | 'desc';
}

export interface Column {
  field: string;
  title?: string | null;
  width?: number | null;
}

export interface Section {
  title: string;
  help?: string | null;
  fields?: string[];
  children?: string | null;
  columns?: string[];
  visible_when?: string | null;
}

export interface Related {
  entity: string;
  by: string;
  columns: Column[];
  sort?: Sort[];
  actions?: string[];
  detail?: string | null;
}

export type Panel = 'opinions' | 'process' | 'history' | 'files';

export interface Tab {
  title: string;
  sections?: Section[];
  related?: Related | null;
  panel?: Panel | null;
}

interface PageBase {
  page: string;
  title: string;
  purpose?: string | null;
  public?: boolean;
}

export interface ListPage extends PageBase {
  kind: 'list';
  entity: string;
  where?: Filter | null;
  filters?: string[];
  views?: Record<string, Filter>;
  columns: Column[];
  sort?: Sort[];
  detail?: string | null;
  /** Reference field whose record the detail page shows; absent: the row's own. */
  detail_of?: string | null;
  create?: string | null;
  actions?: string[];
  import?: boolean;
}

export interface FormPage extends PageBase {
  kind: 'form';
  entity: string;
  sections: Section[];
  submit?: string | null;
  then?: string | null;
}

export interface DetailPage extends PageBase {
  kind: 'detail';
  entity: string;
  status?: string | null;
  facts?: string[];
  tabs: Tab[];
  actions?: string[];
  edit?: string | null;
  /** Whether editing is offered, over the record. */
  edit_when?: string | null;
}

export type Widget =
  | { widget: 'figure'; title: string; entity: string; where?: Filter | null; page?: string | null; tone?: Tone | null }
  | { widget: 'breakdown'; title: string; entity: string; group_by: string; where?: Filter | null; page?: string | null }
  | { widget: 'tasks'; title: string; size: number }
  | { widget: 'shortcuts'; title: string; pages: string[] };

export interface DashboardPage extends PageBase {
  kind: 'dashboard';
  widgets: Widget[];
}

export interface TasksPage extends PageBase {
  kind: 'tasks';
  processes?: string[];
}

export type Page = ListPage | FormPage | DetailPage | DashboardPage | TasksPage;

/** A record: `$`-keys come from the platform, child tables are arrays of rows. */
export interface RecordJson extends Values {
  id: string;
  version: number;
}

export interface Query {
  where?: Filter;
  search?: string;
  select?: string[];
  sort?: Sort[];
  page?: { size: number; number?: number };
  count?: boolean;
}

export interface QueryResult {
  items: RecordJson[];
  total?: number | null;
  /** True when `total` is only a lower bound. */
  at_least?: boolean;
}

export type * from './workTypes';
