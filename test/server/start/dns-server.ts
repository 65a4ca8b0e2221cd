import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** An SRV record. The target ends with a dot. */
export interface SrvRecord {
  readonly priority: number;
  readonly port: number;
  readonly target: string;
}

const srvType = 33;

/** A name server on loopback that knows some services and answers NXDOMAIN for all other names. */
export async function startDnsServer(
  services: Readonly<Record<string, readonly SrvRecord[]>>,
): Promise<{ readonly address: string; stop(): void }> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => answer(socket, query, port, address, services));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { address: `127.0.0.1:${socket.address().port}`, stop: () => socket.close() };
}

function answer(
  socket: Socket,
  query: Buffer,
  port: number,
  address: string,
  services: Readonly<Record<string, readonly SrvRecord[]>>,
): void {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const question = query.subarray(12, at + 5);
  const records = query.readUInt16BE(at + 1) === srvType ? (services[labels.join(".").toLowerCase()] ?? []) : [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(records.length > 0 ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  socket.send(Buffer.concat([header, question, ...records.map(encodeRecord)]), port, address);
}

function encodeRecord({ priority, port, target }: SrvRecord): Buffer {
  const labels = target.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const data = Buffer.concat([Buffer.alloc(6), ...labels]);
  data.writeUInt16BE(priority, 0);
  data.writeUInt16BE(port, 4);
  const fixed = Buffer.alloc(12);
  // A pointer to the name in the question.
  fixed.writeUInt16BE(0xc00c, 0);
  fixed.writeUInt16BE(srvType, 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt32BE(60, 6);
  fixed.writeUInt16BE(data.length, 10);
  return Buffer.concat([fixed, data]);
}
