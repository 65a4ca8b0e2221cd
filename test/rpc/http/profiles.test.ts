import { expect, test } from "vitest";
import { Profiles } from "../../../src/rpc/http/profiles.js";
import type { Call } from "../../../src/server/index.js";

function callOf(gone = new AbortController()): Call {
  return { cancelled: false, signal: gone.signal, metadata: () => undefined };
}

const ask = (profiles: Profiles, path: string, query = "", call = callOf()) =>
  profiles.answer(`/debug/pprof${path}`, new URLSearchParams(query), call);

for (const { path, query, status, text } of [
  { path: "", query: "", status: 200, text: '<a href="profile?seconds=30">' },
  { path: "/", query: "", status: 200, text: '<a href="heap?seconds=30">' },
  { path: "/cmdline", query: "", status: 200, text: process.argv[0] ?? "" },
  ...["goroutine", "threadcreate", "block", "mutex", "trace", "symbol"].map((name) => ({
    ...{ path: `/${name}`, query: "", status: 404 },
    text: `${name} is a profile of Go programs; Node.js has profile and heap`,
  })),
  { path: "/profile", query: "seconds=0", status: 400, text: "expected a number above 0, at most 300" },
  { path: "/heap", query: "seconds=301", status: 400, text: "expected a number above 0, at most 300" },
  { path: "/profile", query: "seconds=x", status: 400, text: "expected a number above 0, at most 300" },
]) {
  test(`--enable-pprof: /debug/pprof${path}?${query} is answered with ${status}`, async () => {
    expect(await ask(new Profiles(), path, query)).toMatchObject({ status, body: expect.stringContaining(text) });
  });
}

test("--enable-pprof: a path that Go does not have is not there", async () => {
  expect(await ask(new Profiles(), "/other")).toBeUndefined();
});

for (const { name, field } of [
  { name: "profile", field: "samples" },
  { name: "heap", field: "head" },
]) {
  test(`--enable-pprof: ${name} is a profile of Node's, one at a time`, async () => {
    const profiles = new Profiles();
    const first = ask(profiles, `/${name}`, "seconds=0.05");
    expect(await ask(profiles, `/${name}`, "seconds=0.05")).toMatchObject({ status: 500 });
    const answer = await first;
    expect(answer).toMatchObject({ status: 200, type: "application/json" });
    expect(JSON.parse(answer?.body ?? "")).toHaveProperty(field);
    expect(await ask(profiles, `/${name}`, "seconds=0.05")).toMatchObject({ status: 200 });
  });
}

test("--enable-pprof: a client that leaves ends its profile", async () => {
  const profiles = new Profiles();
  const gone = new AbortController();
  const first = ask(profiles, "/profile", "seconds=300", callOf(gone));
  gone.abort();
  await first;
  expect(await ask(profiles, "/profile", "seconds=0.01")).toMatchObject({ status: 200 });
});

test("--enable-pprof: garbage is collected before a heap profile with gc=1", async () => {
  const dropped = new WeakRef({});
  expect(await ask(new Profiles(), "/heap", "seconds=0.01&gc=1")).toMatchObject({ status: 200 });
  expect(dropped.deref()).toBeUndefined();
});
