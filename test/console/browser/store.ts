import { type Client, Election, keyFromText, Mutex, prefixEnd, Session } from "../../../src/client/index.js";
import { until } from "../../support/until.js";

// A small store with something for each view of the console.

const limits = (perSecond: number, burst: number): string =>
  JSON.stringify({ requests: { perSecond, burst }, regions: ["eu", "us"], timeoutMs: 1500 });

const values: Readonly<Record<string, string>> = {
  "app/config/limits": limits(200, 400),
  "app/config/banner": "Maintenance on Sunday",
  "app/flags/dark-mode": "on",
  "app/flags/new-checkout": "10 %",
  "services/web/10.0.0.7": '{"host":"10.0.0.7","port":8080}',
  "<script>alert(1)</script>": "<img src=x onerror=alert(1)>",
};

export async function prepareStore(client: Client): Promise<void> {
  for (const [key, value] of Object.entries(values)) await client.text.put(key, value);
  for (const burst of [400, 800]) await client.text.put("app/config/limits", limits(250, burst));
  await client.text.put("app/flags/new-checkout", "25 %");
  await client.text.put("app/flags/new-checkout", "50 %");
  await client.text.put("app/draft", "to be deleted");
  await client.deleteRange({ key: "app/draft" });
  const web = await client.grantLease({ ttl: 600 });
  const value = Buffer.from('{"host":"10.0.0.8","port":8080}');
  await client.put({ key: "services/web/10.0.0.8", value, lease: web.id });
  await queues(client);
  await rules(client);
}

/** A lock with one session that waits, and an election with a leader. */
async function queues(client: Client): Promise<void> {
  const [holder, waiting, leader] = [
    await Session.open(client),
    await Session.open(client),
    await Session.open(client),
  ];
  await new Mutex(holder, "backup").lock();
  void new Mutex(waiting, "backup").lock().catch(() => undefined); // The server ends before it is its turn.
  await new Election(leader, "scheduler").campaign(Buffer.from("worker-3.example"));
  const range = { key: "backup/", rangeEnd: prefixEnd("backup/") };
  await until(async () => (await client.range(range)).count === 2);
}

/** Users and roles, without authentication being on. */
async function rules(client: Client): Promise<void> {
  await client.addRole("app");
  const app = keyFromText("app/");
  await client.grantPermission({ name: "app", perm: { permType: 2, key: app, rangeEnd: prefixEnd(app) } });
  await client.addRole("auditor");
  await client.grantPermission({ name: "auditor", perm: { permType: 0, key: "\0", rangeEnd: "\0" } });
  await client.addUser({ name: "alice", password: "secret" });
  await client.grantRole("alice", "app");
}
