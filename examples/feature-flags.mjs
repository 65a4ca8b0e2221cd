// Feature flags that a program reads without a call, from a view that a watch keeps up to date.
import { createInterface } from "node:readline";
import { Client } from "etcd-ts/client";

const client = new Client({ endpoints: [process.env.ETCD_ENDPOINT ?? "127.0.0.1:2379"] });

/** What others have stored is checked when it is read: a broken flag is off. */
const flags = client.json((value) => value === true);
const view = await flags.view("example/flags/");
view.onChange(({ key }) => console.log(`${key.slice("example/flags/".length)} is ${isOn(key) ? "on" : "off"}`));
console.log("ready");

// `fresh` makes a single read linearizable: it shows every change that was committed before.
for await (const name of createInterface({ input: process.stdin })) {
  await view.fresh({ timeoutMs: 60_000 });
  console.log(`asked: ${name} is ${isOn(`example/flags/${name}`) ? "on" : "off"}`);
}
client.close();

function isOn(key) {
  return view.get(key) ?? false;
}
