// This module is loaded into a server (`NODE_OPTIONS=--import`). Whoever connects to the socket BLOCK_MAIN and writes a
// number blocks the server's main thread for so many milliseconds, without using CPU, and gets a line before and after.
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { isMainThread } from "node:worker_threads";

const path = process.env.BLOCK_MAIN;
if (path !== undefined && isMainThread) {
  rmSync(path, { force: true });
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const server = createServer((socket) => {
    socket.once("data", (text) => {
      socket.write("blocked\n", () => {
        Atomics.wait(cell, 0, 0, Number(text.toString()));
        socket.end("free\n");
      });
    });
  });
  server.listen(path);
  server.unref();
}
