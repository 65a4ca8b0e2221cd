import type { CommandSpec, Program } from "../cli/index.js";
import { gatewayFlags } from "./gateway/gateway-flags.js";
import { grpcProxyFlags } from "./grpc-proxy-flags.js";
import { ProxyCommand, type ProxyHost } from "./host.js";

const root: CommandSpec<ProxyCommand> = {
  name: "etcd",
  summary: "Stands between clients and the members of a cluster.",
  subcommands: [
    {
      name: "gateway",
      summary: "Forward TCP connections to members",
      subcommands: [
        {
          name: "start",
          summary: "Start the gateway",
          flags: gatewayFlags,
          examples: [
            ["gateway start --endpoints=10.0.0.1:2379,10.0.0.2:2379", "clients connect to 127.0.0.1:23790"],
            ["gateway start --discovery-srv=example.com", "to the members in the SRV records of a domain"],
          ],
          run: async (running) => (await import("./gateway/gateway-command.js")).startGateway(running),
        },
      ],
    },
    {
      name: "grpc-proxy",
      summary: "Serve clients with shared watchers, cached reads and few connections to members",
      subcommands: [
        {
          name: "start",
          summary: "Start the gRPC proxy",
          flags: grpcProxyFlags,
          examples: [
            ["grpc-proxy start --endpoints=10.0.0.1:2379 --listen-addr=0.0.0.0:23790", "for the clients of a site"],
            ["grpc-proxy start --namespace=app/", "every key of a client is below app/"],
          ],
          run: async (running) => (await import("./grpc-proxy-command.js")).startGrpcProxy(running),
        },
      ],
    },
  ],
};

/** The first words of the command lines that start proxies. */
export const proxyCommands: ReadonlySet<string> = new Set((root.subcommands ?? []).map(({ name }) => name));

/** `etcd gateway` and `etcd grpc-proxy`. */
export function proxyProgram(host: ProxyHost): Program<ProxyCommand> {
  return {
    root,
    suggested: [...proxyCommands],
    footer: "'etcd <command> start --help' says more.",
    refusal: { twice: false, usageOn: "stderr" },
    open: (flags) => new ProxyCommand(flags, host),
  };
}
