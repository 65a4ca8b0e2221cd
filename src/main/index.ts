/**
 * The server's command: settings from flags, variables or a file, then one member with its ports and its log, from the
 * first line to the exit code. Nothing imports this room.
 */
export { main } from "./etcd.js";
