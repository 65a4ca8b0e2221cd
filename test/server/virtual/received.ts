import type { FileHandle } from "node:fs/promises";
import type { ReceivedSnapshots } from "../../../src/server/index.js";

/** The received snapshots of a member, in memory. They outlive the member's process. */
export class ReceivedInMemory implements ReceivedSnapshots {
  readonly #files = new Map<number, Buffer>();

  async store(index: number, body: AsyncIterable<Uint8Array>): Promise<number> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const file = Buffer.concat(chunks);
    this.#files.set(index, file);
    return file.length;
  }

  async open(index: number): Promise<FileHandle | undefined> {
    const file = this.#files.get(index);
    if (file === undefined) return undefined;
    const handle = {
      stat: async () => ({ size: file.length }),
      read: async (target: Buffer, offset: number, length: number, position: number) => {
        const bytesRead = file.copy(target, offset, position, position + length);
        return { bytesRead, buffer: target };
      },
      close: async () => undefined,
    };
    // The code that reads a snapshot uses no other method of a file handle.
    return handle as unknown as FileHandle;
  }

  async removeThrough(index: number): Promise<void> {
    for (const stored of [...this.#files.keys()]) if (stored <= index) this.#files.delete(stored);
  }

  async clear(): Promise<void> {
    this.#files.clear();
  }
}
