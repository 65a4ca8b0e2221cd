import type { SrvRecord } from "node:dns";
import type { Readable } from "node:stream";

/** The streams and environment variables of a command line. `process` implements it. */
export interface Surroundings {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly env: NodeJS.ProcessEnv;
  /** Resolves SRV records; Node's resolver by default. Tests replace it. */
  readonly resolveSrv?: (name: string) => Promise<SrvRecord[]>;
}

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Whether the buffer of the stream is full. */
  readonly writableNeedDrain?: boolean;
  write(bytes: Uint8Array | string, done?: () => void): unknown;
}

/** The surroundings of the running command line. Only one runs at a time. */
export let around: Surroundings = process;

export function surroundWith(surroundings: Surroundings): void {
  around = surroundings;
}
