// A program with a member inside, for embedded-cluster.test.ts: it starts `startEtcd` with the options in its argument, and
// carries out what its parent asks for with the member's own client.
import { startEtcd } from "../../dist/package/index.js";

const etcd = await startEtcd(JSON.parse(process.argv[2]));
const client = etcd.client();

const actions = {
  put: ({ key, value }) => client.text.put(key, value),
  get: ({ key }) => client.text.get(key),
  stop: () => etcd.stop(),
};

process.on("message", ({ id, action, ...request }) => {
  actions[action](request).then(
    (result) => process.send({ id, result }),
    (error) => process.send({ id, error: error.message }),
  );
  // The process ends by itself when the member has stopped and its parent is not listened to any more.
  if (action === "stop") process.removeAllListeners("message");
});
process.send({ id: 0 });
