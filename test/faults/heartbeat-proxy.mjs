// A proxy in front of the peer ports of a cluster, in a process of its own, so that a busy test does not delay what it
// measures. Arguments: pairs of ports `from:to`. It measures how long a member sends nothing on its message streams, on
// which a leader's heartbeats go out. Each line on stdin is answered by a line: for each pair, the number of messages
// since the previous line, and the longest time without one, of the stream for which this time was longest:
//   [{"messages": …, "longestMs": …}, …]
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

/** The streams of each pair that are open, with their measurements. */
const streamsOf = process.argv.slice(2).map((pair) => {
  const [from, to] = pair.split(":").map(Number);
  const streams = new Set();
  createServer((near) => join(near, connect(to, "127.0.0.1"), streams)).listen(from, "127.0.0.1");
  return streams;
});

function join(near, far, streams) {
  let opening = Buffer.alloc(0);
  let stream;
  const identify = (chunk) => {
    opening = Buffer.concat([opening, chunk]);
    const end = opening.indexOf("\r\n");
    if (end < 0) return;
    near.off("data", identify);
    if (!opening.subarray(0, end).includes("/raft/stream/message/")) return;
    stream = { messages: 0, longestMs: 0, latest: performance.now() };
    streams.add(stream);
  };
  near.on("data", identify);
  far.on("data", () => {
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
