import type { ReceivedFile, ReceivedSnapshots } from "../snapshots/received-snapshots.js";

/** Keeps the databases that peers send in memory. */
export class ReceivedInMemory implements ReceivedSnapshots {
  readonly #files = new Map<number, Buffer>();

  async store(index: number, body: AsyncIterable<Uint8Array>): Promise<number> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const file = Buffer.concat(chunks);
    this.#files.set(index, file);
    return file.length;
  }

  async open(index: number): Promise<ReceivedFile | undefined> {
    const file = this.#files.get(index);
    if (file === undefined) return undefined;
    return {
      stat: async () => ({ size: file.length }),
      read: async (target, offset, length, position) => ({
        bytesRead: file.copy(target, offset, position, position + length),
      }),
      close: async () => undefined,
    };
  }

  async removeThrough(index: number): Promise<void> {
    for (const stored of [...this.#files.keys()]) if (stored <= index) this.#files.delete(stored);
  }

  async clear(): Promise<void> {
    this.#files.clear();
  }
}
