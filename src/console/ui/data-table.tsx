import type { ComponentChildren } from "preact";

export interface Column<Row> {
  readonly name: string;
  readonly title: ComponentChildren;
  /** Numbers are aligned at the end of the column. */
  readonly align?: "end";
  render(row: Row): ComponentChildren;
}

export interface DataTableProps<Row> {
  /** Tells screen readers what the table is. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  rowKey(row: Row): string;
  /** Shown instead of rows when there are none. */
  readonly empty?: ComponentChildren;
}

/** A table for up to a few hundred rows. It scrolls sideways where the page is too narrow for it. */
export function DataTable<Row>({ caption, columns, rows, rowKey, empty }: DataTableProps<Row>) {
  if (rows.length === 0 && empty !== undefined) return <>{empty}</>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without a focus, the keyboard could not scroll the table
    <section class="table-frame" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name, title, align }) => (
              <th key={name} scope="col" class={align === "end" ? "num" : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ name, align, render }) => (
                <td key={name} class={align === "end" ? "num" : undefined}>
                  {render(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
