import { describe, expect, test } from "vitest";
import { GrpcCode } from "../../src/base/index.js";
import { ClientError } from "../../src/client/client-error.js";
import { targetOf } from "../../src/client/endpoint.js";

// The expected results are those of etcd's client, as observed with the real etcdctl.
describe("an endpoint", () => {
  for (const { endpoint, at, tls } of [
    { endpoint: "h:1", at: "h 1", tls: "configured" },
    { endpoint: "[::1]:1", at: "::1 1", tls: "configured" },
    { endpoint: "http://h:1", at: "h 1", tls: "never" },
    { endpoint: "HTTP://h:1", at: "h 1", tls: "never" },
    { endpoint: "Https://h:1/path", at: "h 1", tls: "required" },
    { endpoint: "http://user@h:1", at: "h 1", tls: "never" },
    { endpoint: "https://user:p@ss@h:1/p@th", at: "h 1", tls: "required" },
    { endpoint: "http://h:1?x=@", at: "h 1", tls: "never" },
    { endpoint: "unix:///tmp/a", at: "/tmp/a", tls: "never" },
    { endpoint: "unixs:a:1", at: "a:1", tls: "required" },
    // Nobody can dial these, so the other endpoints of a list are used.
    { endpoint: "", at: undefined, tls: "configured" },
    { endpoint: "http:///", at: undefined, tls: "never" },
    { endpoint: "h", at: undefined, tls: "configured" },
    { endpoint: "::1:1", at: undefined, tls: "configured" },
    { endpoint: "h:65536", at: undefined, tls: "configured" },
  ] as const) {
    test(`"${endpoint}" is dialled at ${at ?? "no address"}`, () => {
      const { place, tls: use } = targetOf(endpoint);
      const shown = place === undefined ? undefined : "port" in place ? `${place.host} ${place.port}` : place.path;
      expect([shown, use]).toEqual([at, tls]);
    });
  }
});

describe("the text of a refusal is", () => {
  for (const { text, want } of [
    { text: "etcdserver: key is not provided", want: "etcdserver: key is not provided" },
    {
      text: "etcdserver: permission not given",
      want: "rpc error: code = InvalidArgument desc = etcdserver: permission not given",
    },
    { text: "auth: user not found", want: "rpc error: code = InvalidArgument desc = auth: user not found" },
  ]) {
    test(want, () => expect(new ClientError(GrpcCode.InvalidArgument, text).message).toBe(want));
  }
});
