import { queryOptions } from '@tanstack/react-query';

import { ask, call, post } from './client';
import type { Filter, Sort, Values } from './types';

const path = encodeURIComponent;

export type ExportFormat = 'xlsx' | 'csv' | 'pdf';

export interface ExportOrder {
  search?: string;
  where?: Filter;
  select: string[];
  sort?: Sort[];
  titles?: Record<string, string>;
  mask?: string[];
  format: ExportFormat;
  purpose?: string;
}

export interface ExportPreview {
  rows: number;
  approval_needed: boolean;
  approval_rows: number;
  rows_max: number;
}

export interface ExportTicket {
  export: string;
  rows: number;
  state: 'pending' | 'approved';
  job: string | null;
}

export interface MyExport {
  id: string;
  subject: string | null;
  format: ExportFormat;
  state: 'pending' | 'approved' | 'refused' | 'done' | 'failed' | 'cancelled' | 'expired';
  rows: number | null;
  exported: number | null;
  conditions: string | null;
  note: string | null;
  error: string | null;
  job: string | null;
  file: string | null;
  expires_at: string | null;
  created_at: string;
}

export const exportPreviewQuery = (entity: string, order: ExportOrder) =>
  queryOptions({
    queryKey: ['export-preview', entity, order],
    queryFn: ({ signal }) => ask<ExportPreview>(`/api/records/${path(entity)}/export/preview`, order, signal),
    retry: false,
  });

export const requestExport = (entity: string, order: ExportOrder, key: string) =>
  post<ExportTicket>(`/api/records/${path(entity)}/export`, order, { idempotencyKey: key });

/** Looked at again while one is being made. */
export const exportsQuery = queryOptions({
  queryKey: ['exports'],
  queryFn: async ({ signal }) => (await call<{ items: MyExport[] }>('/api/exports', { signal })).items,
  refetchInterval: ({ state }) => (state.data?.some((one) => one.state === 'approved') ? 1_000 : false),
});

export const cancelExport = (id: string) => post<{ cancelled: boolean }>(`/api/exports/${path(id)}/cancel`, {});

export const cancelJob = (id: string) => post<{ cancelled: boolean }>(`/api/jobs/${path(id)}/cancel`, {});

/** Records to act on: some, or all that a filter finds. */
export type Selection = { ids: string[] } | { where: Filter; search?: string };

export interface BulkPreview {
  total: number;
  allowed: number;
  refused: { reason: string; count: number; examples: string[] }[];
  atomic: boolean;
  records_max: number;
}

export interface BulkItem {
  id: string;
  display: string;
  outcome: 'done' | 'refused';
  reason?: string;
}

export const bulkPreviewQuery = (entity: string, action: string, selection: Selection) =>
  queryOptions({
    queryKey: ['bulk-preview', entity, action, selection],
    queryFn: ({ signal }) => ask<BulkPreview>(`/api/records/${path(entity)}/actions/${path(action)}/preview`, selection, signal),
    retry: false,
    gcTime: 0,
  });

/** One record is acted on at once, several by a job. */
export const runBulk = (entity: string, action: string, selection: Selection, input: Values, key: string) =>
  post<{ job?: string; items?: unknown[] }>(`/api/records/${path(entity)}/actions/${path(action)}`, { ...selection, input }, { idempotencyKey: key });

export const bulkItemsQuery = (job: string) =>
  queryOptions({
    queryKey: ['job', job, 'items'],
    queryFn: async ({ signal }) => (await call<{ items: BulkItem[] }>(`/api/jobs/${path(job)}/items?size=500`, { signal })).items,
  });

export const bulkItemsUrl = (job: string) => `/api/jobs/${path(job)}/items.xlsx`;
