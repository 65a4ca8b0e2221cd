import { services as election } from "./generated/election.js";
import { services as health } from "./generated/health.js";
import { services as lock } from "./generated/lock.js";
import { services as reflection } from "./generated/reflection.js";
import { services as api } from "./generated/rpc.js";

/** Every gRPC service of the client port by its full name: what a server or a client needs to carry its methods. */
export const services = { ...api, ...lock, ...election, ...health, ...reflection } as const;
