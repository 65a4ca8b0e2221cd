import { expect, test } from "vitest";
import { PutRequest, PutResponse, services } from "../../src/wire/index.js";

test("the services are those of etcd 3.7, of the console, and the health check and reflection of gRPC", () => {
  const methods = Object.entries(services).map(([name, service]) => [name, Object.keys(service).length]);
  expect(Object.fromEntries(methods)).toEqual({
    "etcdts.v1.Console": 5,
    "etcdserverpb.KV": 6,
    "etcdserverpb.Watch": 1,
    "etcdserverpb.Lease": 5,
    "etcdserverpb.Cluster": 5,
    "etcdserverpb.Maintenance": 8,
    "etcdserverpb.Auth": 17,
    "v3lockpb.Lock": 2,
    "v3electionpb.Election": 5,
    "grpc.health.v1.Health": 3,
    "grpc.reflection.v1.ServerReflection": 1,
  });
});

test("a method has its path, its messages, and its streaming sides", () => {
  expect(services["etcdserverpb.KV"].Put).toEqual({
    path: "/etcdserverpb.KV/Put",
    requestStream: false,
    responseStream: false,
    request: PutRequest,
    response: PutResponse,
  });
  expect(services["etcdserverpb.Watch"].Watch).toMatchObject({ requestStream: true, responseStream: true });
  expect(services["etcdserverpb.Maintenance"].Snapshot).toMatchObject({ requestStream: false, responseStream: true });
  expect(services["grpc.health.v1.Health"].Check.path).toBe("/grpc.health.v1.Health/Check");
});
