import { useId, useRef } from "preact/hooks";

export interface Tab {
  readonly id: string;
  readonly title: string;
  readonly count?: string;
}

export interface TabsProps {
  /** Tells screen readers what the tabs choose between. */
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly selected: string;
  onSelect(id: string): void;
}

/** Tabs above their content. Arrow keys go from one to the next. */
export function Tabs({ label, tabs, selected, onSelect }: TabsProps) {
  const list = useRef<HTMLDivElement>(null);
  const prefix = useId();
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = tabs.findIndex(({ id }) => id === selected);
    const next = (at + step + tabs.length) % tabs.length;
    const tab = tabs[next];
    if (tab === undefined) return;
    event.preventDefault();
    onSelect(tab.id);
    list.current?.querySelectorAll("button")[next]?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
      {tabs.map(({ id, title, count }) => (
        <button
          key={id}
          id={`${prefix}-${id}`}
          type="button"
          role="tab"
          aria-selected={id === selected}
          tabIndex={id === selected ? 0 : -1}
          onClick={() => onSelect(id)}
        >
          {title}
          {count !== undefined && <span class="tab-count">{count}</span>}
        </button>
      ))}
    </div>
  );
}

export interface SegmentsProps {
  readonly label: string;
  readonly options: readonly { readonly id: string; readonly title: string }[];
  readonly selected: string;
  onSelect(id: string): void;
}

/** One choice of a few, all in view. */
export function Segments({ label, options, selected, onSelect }: SegmentsProps) {
  const name = useId();
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">{label}</legend>
      {options.map(({ id, title }) => (
        <label key={id} class={id === selected ? "selected" : undefined}>
          <input type="radio" name={name} value={id} checked={id === selected} onChange={() => onSelect(id)} />
          <span>{title}</span>
        </label>
      ))}
    </fieldset>
  );
}
