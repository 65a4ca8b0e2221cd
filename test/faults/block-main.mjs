// This module is loaded into a server (`NODE_OPTIONS=--import`). Whoever connects to the socket BLOCK_MAIN and writes a
// command keeps the server's main thread busy, and gets a line before and after. The commands:
//   block 500          blocks the thread for 500 ms, without using CPU
//   collect 1000000    makes so many objects and collects the whole heap, without a pause
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

const path = process.env.BLOCK_MAIN;

function collect(count) {
  const heap = Array.from({ length: count }, (_, at) => ({ key: `k${at}`, revision: at }));
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return heap.length;
}

if (path !== undefined && isMainThread) {
  rmSync(path, { force: true });
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const server = createServer((socket) => {
    socket.once("data", (text) => {
      const [command, count] = text.toString().split(" ");
      socket.write("busy\n", () => {
        if (command === "block") Atomics.wait(cell, 0, 0, Number(count));
        else collect(Number(count));
        socket.end("free\n");
      });
    });
  });
  server.listen(path);
  server.unref();
}
