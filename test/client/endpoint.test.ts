import { describe, expect, test } from "vitest";
import { GrpcCode } from "../../src/base/index.js";
import { ClientError } from "../../src/client/client-error.js";
import { targetOf } from "../../src/client/endpoint.js";

// The expected results are those of etcd's client, as observed with the real etcdctl.
describe("an endpoint", () => {
  for (const { endpoint, address, tls } of [
    { endpoint: "h:1", address: "h:1", tls: "configured" },
    { endpoint: "http://h:1", address: "h:1", tls: "never" },
    { endpoint: "HTTP://h:1", address: "h:1", tls: "never" },
    { endpoint: "Https://h:1/path", address: "h:1", tls: "required" },
    { endpoint: "http://user@h:1", address: "h:1", tls: "never" },
    { endpoint: "https://user:p@ss@h:1/p@th", address: "h:1", tls: "required" },
    { endpoint: "http://h:1?x=@", address: "h:1", tls: "never" },
    { endpoint: "unix:///tmp/a", address: "unix:/tmp/a", tls: "never" },
    { endpoint: "unixs:a:1", address: "unix:a:1", tls: "required" },
    // Nothing listens at this address, so the other endpoints of a list are used.
    { endpoint: "", address: "ipv4:0.0.0.0:0", tls: "configured" },
    { endpoint: "http:///", address: "ipv4:0.0.0.0:0", tls: "never" },
  ] as const) {
    test(`"${endpoint}" is dialled at ${address}`, () =>
      expect(targetOf(endpoint)).toEqual({ endpoint, address, tls }));
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
