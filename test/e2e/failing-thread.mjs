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
}
