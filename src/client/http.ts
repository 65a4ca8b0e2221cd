/**
 * The client for browsers and edge runtimes (`import { HttpClient } from "etcd-ts/client/http"`): the same calls over
 * etcd's JSON gateway. It needs `fetch` and nothing of Node.
 */
export * from "./any-transport.js";
export { HttpClient, type HttpClientOptions } from "./http-client.js";
