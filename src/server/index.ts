/** The server of one member, between the services above it and the stores below. */
export type { Call } from "./call.js";
