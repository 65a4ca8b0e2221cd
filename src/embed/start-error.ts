/** A member cannot start. The message says why, in one line, in the words that the command would use. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** The setting that prevents the start, as `startEtcd` takes it; undefined when no single setting does. */
  readonly setting: string | undefined;

  constructor(message: string, setting?: string, options?: ErrorOptions) {
    super(message, options);
    this.setting = setting;
  }
}
