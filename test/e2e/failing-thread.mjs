<<<<<<< HEAD
// This module is loaded into a server (`NODE_OPTIONS=--import`). It fails in the thread whose name is FAILING_THREAD when
// the process gets SIGUSR2.
import { BroadcastChannel, isMainThread, workerData } from "node:worker_threads";

const channel = new BroadcastChannel("failing-thread");
channel.unref();
if (isMainThread) {
  process.on("SIGUSR2", () => channel.postMessage("fail"));
} else if (workerData?.name === process.env.FAILING_THREAD) {
  channel.onmessage = () => {
    throw new Error("a fault for the test");
  };
=======
// Loaded by every thread of a server (`NODE_OPTIONS=--import`). The thread FAIL_THREAD fails when a file is written in
// the folder FAIL_WHEN.
import { watch } from "node:fs";
import { isMainThread, workerData } from "node:worker_threads";

const { FAIL_THREAD: failing, FAIL_WHEN: folder } = process.env;
if (!isMainThread && workerData?.name === failing) {
  watch(folder, () => {
    throw new Error("this thread was told to fail");
  });
>>>>>>> 902a30f (test: a thread that fails ends the process, and the log says which and why)
}
