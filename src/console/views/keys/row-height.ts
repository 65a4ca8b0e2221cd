/** The height of a row of the tree and of found keys in pixels; `view-keys.css` has the same. */
export const rowHeight = 30;
