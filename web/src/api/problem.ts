export interface FieldError {
  field: string;
  code: string;
  message: string;
}

/** A refusal by the server (RFC 9457), or a failure to reach it (`status` 0). */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string | null;
  readonly errors: FieldError[];
  /** With `confirmation_required`: what may be done all the same, with a reason each. */
  readonly warnings: FieldError[];
  readonly requestId: string | null;
  /** Seconds to wait, from `Retry-After`. */
  readonly retryAfter: number | null;

  constructor(init: {
    status: number;
    code?: string;
    title?: string;
    detail?: string | null;
    errors?: FieldError[];
    warnings?: FieldError[];
    requestId?: string | null;
    retryAfter?: number | null;
  }) {
    super(init.detail || init.title || titleOf(init.status));
    this.name = 'ApiProblem';
    this.status = init.status;
    this.code = init.code ?? 'unknown';
    this.detail = init.detail ?? null;
    this.errors = init.errors ?? [];
    this.warnings = init.warnings ?? [];
    this.requestId = init.requestId ?? null;
    this.retryAfter = init.retryAfter ?? null;
  }
}

function titleOf(status: number): string {
  if (status === 0) return '网络不通，请检查连接后重试';
  if (status === 401) return '登录已失效，请重新登录';
  if (status === 403) return '您没有办理此事项的权限';
  if (status === 404) return '内容不存在，或不在您的管辖范围内';
  if (status === 409) return '内容已被他人修改，请刷新后再操作';
  if (status === 413) return '文件太大，请压缩后再上传';
  if (status === 422) return '填写的内容有误，请按提示修改';
  if (status === 429) return '操作太频繁，请稍后再试';
  return '系统暂时无法完成操作，请稍后重试';
}

/** Reads a refusal. A body that is no problem document still becomes an `ApiProblem`. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const retryAfter = Number(response.headers.get('retry-after')) || null;
  let body: unknown = null;
  try {
    body = await response.json();
  } catch {
    // A gateway's error page, or nothing at all: the status says enough.
  }
  const known = (body && typeof body === 'object' ? body : {}) as Record<string, unknown>;
  const text = (key: string) => (typeof known[key] === 'string' ? (known[key] as string) : undefined);
  return new ApiProblem({
    status: response.status,
    code: text('code'),
    title: text('title'),
    detail: text('detail'),
    errors: Array.isArray(known.errors) ? (known.errors as FieldError[]) : [],
    warnings: Array.isArray(known.warnings) ? (known.warnings as FieldError[]) : [],
    requestId: text('request_id') ?? response.headers.get('x-request-id'),
    retryAfter,
  });
}

/** One sentence for the user; the request number helps the service desk. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiProblem) return error.message;
  return '页面出现错误，请刷新后重试';
}

/** Errors by field, the first of each; `members[1].id_no` stays as it is. */
export function errorsByField(errors: FieldError[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const error of errors) found[error.field] ??= error.message;
  return found;
}
