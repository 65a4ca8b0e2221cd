/** A time: a number of milliseconds, or a text in Go's form such as `"100ms"` or `"1h30m"`. */
export type Duration = number | string;

/** Several texts: an array, or one text with commas between them. */
export type TextList = string | readonly string[];
