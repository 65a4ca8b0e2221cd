/** A file, or a part of it, that is not what the format allows: damaged, cut, or made to harm. */
export class BoltError extends Error {
  override readonly name = "BoltError";
  /** Where it was found; for a file without readable meta pages, 0. */
  readonly page: number;

  constructor(page: number, what: string) {
    super(`page ${page}: ${what}`);
    this.page = page;
  }
}
