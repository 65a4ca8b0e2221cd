import { expect, test } from "vitest";
import { ask, type Fields, request } from "./frames.js";
import { Peer } from "./peer.js";

/** Bytes that are sent to a server, and the frames of its answer. */
export interface Row {
  readonly name: string;
  readonly send: readonly Buffer[];
  readonly want: readonly string[];
}

export function check(rows: readonly Row[]): void {
  for (const { name, send, want } of rows) {
    test(name, async () => {
      const peer = await Peer.greeted();
      await peer.send(...send);
      expect(peer.frames).toEqual(want);
      expect(peer.connection.ended).toBe(want.some((line) => line.startsWith("go away")));
      expect(peer.faults).toEqual([]);
      // No state may be left in either case, and a connection that is still open must serve the next request.
      if (peer.connection.ended) {
        peer.socket.end();
        await peer.send();
        expect(peer.closed).toBe(true);
      } else {
        peer.frames.length = 0;
        await peer.send(ask(101));
        expect(peer.frames).toEqual(answered(101));
      }
    });
  }
}

export const answered = (stream: number, body = 0) => [
  `headers ${stream} :status=200`,
  ...(body > 0 ? [`data ${stream} ${body}`] : []),
  `headers ${stream} grpc-status=0 end`,
];
export const without = (name: string): Fields => request.filter((field) => field[0] !== name);
export const also = (name: string, value: string): Fields => [...request, [name, value]];
