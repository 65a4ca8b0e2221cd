import type { Descriptors } from "./descriptors.js";
import type { FileSchema } from "./schema.js";

/** Loads the .proto files of all services of the client port as data. Codecs do not need them. */
export async function loadSchema(): Promise<readonly FileSchema[]> {
  return (await import("./generated/schema.js")).files;
}

/** Loads the same files as descriptors for other languages. */
export async function loadDescriptors(): Promise<Descriptors> {
  const [files, { describe }] = await Promise.all([loadSchema(), import("./descriptors.js")]);
  return describe(files);
}
