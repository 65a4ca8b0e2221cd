import type { SrvRecord } from "node:dns";
import type { Readable } from "node:stream";

/** What a command line reads, writes and is told by variables; the process itself is such. */
export interface Surroundings {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly env: NodeJS.ProcessEnv;
  /** Asks the DNS; Node's own way unless a test has another. */
  readonly resolveSrv?: (name: string) => Promise<SrvRecord[]>;
}

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** More is waiting to be read than should be. */
  readonly writableNeedDrain?: boolean;
  write(bytes: Uint8Array | string, done?: () => void): unknown;
}

/** Those of the command line that runs now; one runs at a time. */
export let around: Surroundings = process;

export function surroundWith(surroundings: Surroundings): void {
  around = surroundings;
}
