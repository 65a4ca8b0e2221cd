import type { ComponentChildren } from "preact";

export interface PageProps {
  readonly title: string;
  /** One line below the title. */
  readonly lead?: ComponentChildren;
  /** Buttons at the right of the title. */
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** The frame of a view. */
export function Page({ title, lead, actions, children }: PageProps) {
  return (
    <div class="page">
      <header class="page-head">
        <div class="grow">
          <h1>{title}</h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {actions && <div class="row">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export interface PanelProps {
  readonly title?: ComponentChildren;
  readonly actions?: ComponentChildren;
  /** Without padding, for tables and lists that reach the edges. */
  readonly flush?: boolean;
  readonly children: ComponentChildren;
}

/** A surface with an edge, for things that belong together. */
export function Panel({ title, actions, flush = false, children }: PanelProps) {
  return (
    <section class={flush ? "panel flush" : "panel"}>
      {(title || actions) && (
        <header class="panel-head">
          <h2 class="grow">{title}</h2>
          {actions}
        </header>
      )}
      <div class="panel-body">{children}</div>
    </section>
  );
}
