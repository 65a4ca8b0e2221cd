import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/result.js";
import { Button } from "./button.js";
import { Icon, type IconName } from "./icon.js";

/** Shown where there is nothing to show. */
export function Empty({
  title,
  icon,
  children,
}: {
  readonly title: string;
  readonly icon?: IconName;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      {icon && <Icon name={icon} />}
      <p class="empty-title">{title}</p>
      {children && <div class="muted">{children}</div>}
    </div>
  );
}

const advice: Readonly<Record<ApiError["kind"], string>> = {
  offline: "The page asks again until the member answers.",
  login: "Log in to see this.",
  denied: "The roles of this user do not allow it.",
  "no-leader": "The cluster is electing a leader, or a majority of its members cannot be reached.",
  missing: "This member does not offer the call; it may run another version.",
  aborted: "",
  refused: "",
};

/** Why something cannot be shown, and what to do. */
export function Failure({ error, retry }: { readonly error: ApiError; retry?(): void }) {
  return (
    <div class="failure" role="alert">
      <Icon name="alert" />
      <div class="grow">
        <p>{error.message}</p>
        {advice[error.kind] !== "" && <p class="muted">{advice[error.kind]}</p>}
      </div>
      {retry && (
        <Button icon="refresh" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Grey bars in the place of rows that are coming. */
export function Loading({ rows = 3 }: { readonly rows?: number }) {
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">Loading</span>
      {Array.from({ length: rows }, (_, at) => (
        <span key={at} class="bar" aria-hidden="true" />
      ))}
    </div>
  );
}
