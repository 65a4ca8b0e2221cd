/** The file violates the format: it is damaged, cut, or malicious. */
export class BoltError extends Error {
  override readonly name = "BoltError";
  /** Page with the fault; 0 for a file without readable meta pages. */
  readonly page: number;

  constructor(page: number, what: string) {
    super(`page ${page}: ${what}`);
    this.page = page;
  }
}
