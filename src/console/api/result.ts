/** How a call failed, as far as the page must know:
 * - `offline`: the member that serves this page does not answer
 * - `login`: somebody must log in
 * - `denied`: the user has no permission
 * - `no-leader`: the cluster has no leader at the moment, or it did not answer in time
 * - `missing`: the server has no such call
 * - `aborted`: the page itself gave up, because it needs no answer any more
 * - `refused`: anything else that the server refuses
 */
export type FailureKind = "offline" | "login" | "denied" | "no-leader" | "missing" | "aborted" | "refused";

export interface ApiError {
  readonly kind: FailureKind;
  /** The gRPC code; 0 if there was no answer. */
  readonly code: number;
  readonly message: string;
  /** The first revision that is kept, if the call asked for an older one and the answer tells. */
  readonly compactRevision?: number;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ApiError };

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failure(kind: FailureKind, message: string, code = 0): Result<never> {
  return { ok: false, error: { kind, code, message } };
}

/** The result with its value changed by `change`. */
export function mapResult<T, U>(result: Result<T>, change: (value: T) => U): Result<U> {
  return result.ok ? success(change(result.value)) : result;
}

const codes = { unknown: 2, deadline: 4, notFound: 5, denied: 7, unimplemented: 12, unavailable: 14, login: 16 };

/** The kind of a refusal by its gRPC code and etcd's text. */
export function refusalKind(code: number, message: string): FailureKind {
  // etcd tells a caller without a token that the user name is empty, with the code of a wrong argument.
  if (code === codes.login || /user name is empty|invalid auth token|revision of auth store is old/.test(message)) {
    return "login";
  }
  if (code === codes.denied) return "denied";
  if (code === codes.unimplemented || (code === codes.notFound && /^Not Found$/i.test(message))) return "missing";
  if (code === codes.unavailable || code === codes.deadline) return "no-leader";
  return "refused";
}
