// A proxy in front of the peer ports of a cluster, in a process of its own, so that a busy test does not delay what it
// measures. Arguments: pairs of ports `from:to`. It measures how long a member sends nothing on its message streams, on
// which a leader's heartbeats go out. Each line on stdin is answered by a line: for each pair, the number of messages
// since the previous line, and the longest time without one, of the stream for which this time was longest:
//   [{"messages": …, "longestMs": …}, …]
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

/** No head of a request is longer. */
const headBytesMax = 4096;
const statusLine = "HTTP/1.1 ";

/** The streams of each pair that are open, with their measurements. */
const streamsOf = process.argv.slice(2).map((pair) => {
  const [from, to] = pair.split(":").map(Number);
  const streams = new Set();
  createServer((near) => join(near, connect(to, "127.0.0.1"), streams)).listen(from, "127.0.0.1");
  return streams;
});

function join(near, far, streams) {
  let heads = "";
  let stream;
  near.on("data", (chunk) => {
    heads = (heads + chunk.toString("latin1")).slice(-headBytesMax);
  });
  far.on("data", (chunk) => {
    const status = chunk.toString("latin1", 0, statusLine.length + 3);
    if (status.startsWith(statusLine)) {
      // The connection may have served other requests before this one.
      const [, path = ""] = [...heads.matchAll(/(?:GET|POST) (\S+) HTTP/g)].at(-1) ?? [];
      streams.delete(stream);
      stream = undefined;
      if (!path.startsWith("/raft/stream/message/") || !status.endsWith("200")) return;
      stream = { messages: 0, longestMs: 0, latest: performance.now() };
      streams.add(stream);
    }
    if (stream === undefined) return;
    look(stream);
    stream.messages++;
    stream.latest = performance.now();
  });
  const end = () => {
    streams.delete(stream);
    near.destroy();
    far.destroy();
  };
  for (const socket of [near, far]) {
    socket.on("error", end);
    socket.on("close", end);
  }
  near.pipe(far);
  far.pipe(near);
}

function look(stream) {
  stream.longestMs = Math.max(stream.longestMs, performance.now() - stream.latest);
}

createInterface({ input: process.stdin }).on("line", () => {
  const found = streamsOf.map((streams) => {
    let worst = { messages: 0, longestMs: 0 };
    for (const stream of streams) {
      look(stream);
      if (stream.longestMs >= worst.longestMs) worst = { messages: stream.messages, longestMs: stream.longestMs };
      stream.messages = 0;
      stream.longestMs = 0;
      stream.latest = performance.now();
    }
    return worst;
  });
  process.stdout.write(`${JSON.stringify(found)}\n`);
});
process.stdout.write("ready\n");
