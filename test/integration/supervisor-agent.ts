/** A process with an agent in it, to be killed: starts the load balancer that its argument names. */
import process from "node:process";
import { anAgent } from "./loadbalancer-host.ts";

const agent = await anAgent();
await agent.loadBalancers.act(process.argv[2] ?? "", "start");
setInterval(() => undefined, 1_000);
