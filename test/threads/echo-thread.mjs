// A thread for the tests of threads: it answers each message with its bytes, logs each text, and fails when told to.
import { systemClock } from "../../dist/base/index.js";
import { enterThread } from "../../dist/threads/index.js";

const thread = enterThread(systemClock);
const port = thread.port("echo");
port.listen((kind, message) => {
  if (kind === 1) port.post(1).bytes(message.bytes());
  if (kind === 2) {
    thread.log.write(`${JSON.stringify({ msg: message.text(), thread: thread.name })}\n`);
    port.post(2);
  }
  if (kind === 3) {
    thread.log.write("the last line\n");
    throw new Error("told to fail");
  }
  if (kind === 4) for (const end = performance.now() + 500; performance.now() < end; );
});
port.post(0).text(thread.data.greeting);
