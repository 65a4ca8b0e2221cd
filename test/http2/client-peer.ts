import { type AnswerListener, ClientConnection, type ClientStream, type Field } from "../../src/http2/index.js";
import { type MemorySocket, socketPair } from "../../src/rpc/http/memory-socket.js";
import { FrameLog, preface, settings } from "./frames.js";
import { quiet } from "./peer.js";

export const askFields: readonly Field[] = [
  { name: ":method", value: "POST" },
  { name: ":scheme", value: "http" },
  { name: ":authority", value: "t" },
  { name: ":path", value: "/t.T/Echo" },
];

/** A request of the client, and what its listener heard. */
export interface Asked {
  readonly stream: ClientStream;
  readonly heard: string[];
  body: Buffer;
}

/** A client's connection, and the server's end of it, which sends handmade frames. */
export class ClientPeer {
  readonly connection: ClientConnection;
  readonly socket: MemorySocket;
  /** The client's frames, except for its greeting. */
  readonly frames: string[] = [];
  /** Reports of the connection, in order. */
  readonly events: string[] = [];
  preface = "";

  constructor() {
    const [far, near] = socketPair();
    this.socket = far;
    const log = new FrameLog();
    far.on("data", (chunk: Buffer) => {
      let bytes = chunk;
      if (this.preface.length < preface.length) {
        bytes = chunk.subarray(preface.length - this.preface.length);
        this.preface += chunk.toString("latin1", 0, preface.length - this.preface.length);
      }
      this.frames.push(...log.read(bytes));
    });
    this.connection = new ClientConnection(near, {
      fieldBytesMax: 16 * 1024,
      frequentFields: [],
      onOpen: () => this.events.push("open"),
      onLeaving: () => this.events.push("leaving"),
      onClosed: (reason) => this.events.push(`closed: ${reason}`),
    });
  }

  /** Opens a connection whose server has sent these settings. */
  static async open(...entries: readonly (readonly [number, number])[]): Promise<ClientPeer> {
    const peer = new ClientPeer();
    await peer.send(settings(...entries));
    peer.frames.length = 0;
    peer.events.length = 0;
    return peer;
  }

  /** Sends bytes of the server in one piece, and waits until no more work is left. */
  async send(...bytes: readonly Buffer[]): Promise<void> {
    this.socket.write(Buffer.concat(bytes));
    await quiet();
  }

  /** Sends a request with this body, if any, and ends it unless it goes `on`. */
  ask(body = "", on: "ends" | "goes on" = "ends"): Asked {
    const heard: string[] = [];
    const listener: AnswerListener = {
      head: ({ fields }) => heard.push(`head ${fields.map(({ name, value }) => `${name}=${value}`).join(" ")}`),
      data: (chunk) => {
        asked.body = Buffer.concat([asked.body, chunk]);
        heard.push(`data ${chunk.length}`);
      },
      ended: (trailers) => heard.push(`ended ${trailers?.fields.map(({ value }) => value).join(" ") ?? ""}`.trim()),
      failed: (failure) => {
        heard.push(`failed ${failure.kind} ${"code" in failure ? failure.code : failure.reason}`);
      },
    };
    const stream = this.connection.request(askFields, listener);
    const asked: Asked = { stream, heard, body: Buffer.alloc(0) };
    if (body !== "") stream.write(Buffer.alloc(0), Buffer.from(body));
    if (on === "ends") stream.end();
    return asked;
  }
}
