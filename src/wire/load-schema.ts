import type { Descriptors } from "./descriptors.js";
import type { FileSchema } from "./schema.js";

/** Every file that the services of the client port need. Loaded when asked for: codecs do without. */
export async function loadSchema(): Promise<readonly FileSchema[]> {
  return (await import("./generated/schema.js")).files;
}

/** The same files as other languages describe them. Loaded when asked for. */
export async function loadDescriptors(): Promise<Descriptors> {
  const [files, { describe }] = await Promise.all([loadSchema(), import("./descriptors.js")]);
  return describe(files);
}
