import type { Duplex } from "node:stream";
import type { Call } from "../../server/index.js";
import type { Port } from "../../threads/index.js";
import { asks } from "./kinds.js";
import { Slots } from "./slots.js";

/** The number of the client of calls that belong to no connection that others share, such as those of the gateway. */
const noClient = 0;

/**
 * The connections of a front end, as the state's thread knows them: by numbers. A connection is told to it with its
 * first call, and again when it has closed.
 */
export class RemoteClients {
  readonly #port: Port;
  readonly #numbers = new Map<object, number>();
  readonly #slots = new Slots<object>();

  constructor(port: Port) {
    this.#port = port;
  }

  /** The number of a call's client. May post a message, so it is asked before the call's own message is begun. */
  numberOf(call: Call): number {
    const { client } = call;
    if (client === undefined) return noClient;
    return this.#numbers.get(client) ?? this.#tell(client, call);
  }

  #tell(client: object, { remote = "", commonName }: Call): number {
    const number = noClient + 1 + this.#slots.add(client);
    this.#numbers.set(client, number);
    const message = this.#port
      .post(asks.client)
      .number(number)
      .text(remote)
      .flag(commonName !== undefined);
    if (commonName !== undefined) message.text(commonName);
    (client as Duplex).once("close", () => {
      this.#numbers.delete(client);
      this.#slots.remove(number - noClient - 1);
      this.#port.post(asks.clientGone).number(number);
    });
    return number;
  }
}
