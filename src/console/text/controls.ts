/** Whether a text has control characters other than those of spaces and lines: then it is rather bytes than text. */
export function hasControls(text: string): boolean {
  return /[^\P{Cc}\t-\r]/u.test(text);
}
