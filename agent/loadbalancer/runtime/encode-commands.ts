/** Changes as commands of HAProxy's runtime API (HAProxy management guide, 9.3 "Unix Socket commands"). */
import { isIPv6 } from "node:net";
import { optionsOf } from "./parse-server.ts";
import type { Change, Server } from "./types.ts";

export interface Command {
  readonly text: string;
  /** What HAProxy has to answer; its words may tell more than that they were obeyed. */
  readonly expected: RegExp;
}

const NOTHING = /^$/;
/** An address that is the same already is no failure; whether it is right, the state tells that is read afterwards. */
const ADDRESS_ANSWER = /^(?:IP changed|port changed|no need to change|nothing changed)/;

/** Commands for a change, in order; a server that is to be deleted is only taken out of service. */
export function encodeCommands(change: Change): readonly Command[] {
  switch (change.kind) {
    case "server.add":
      return encodeAddition(change.backend, change.server);
    case "server.weight":
      return [{ text: `set server ${serverOf(change)} weight ${change.weight}`, expected: NOTHING }];
    case "server.disable":
    case "server.delete":
      return [{ text: `set server ${serverOf(change)} state maint`, expected: NOTHING }];
    case "server.enable":
      return [{ text: `set server ${serverOf(change)} state ready`, expected: NOTHING }];
    case "server.address":
      return [encodeAddress(serverOf(change), change.address, change.port)];
    case "certificate.set":
      // With a payload (store-certificates.ts).
      return [];
    case "certificate.delete":
      return [{ text: `del ssl cert ${change.path}`, expected: /deleted!$/ }];
    case "list.add":
      return [{ text: `add ssl crt-list ${change.list} ${change.path}`, expected: /\nSuccess!$/ }];
    case "list.delete":
      return [{ text: `del ssl crt-list ${change.list} ${change.path}`, expected: /deleted in crtlist/ }];
    case "frontend.maxconn":
      return [{ text: `set maxconn frontend ${change.frontend} ${change.limit}`, expected: NOTHING }];
  }
}

export function serverOf({ backend, name }: { readonly backend: string; readonly name: string }): string {
  return `${backend}/${name}`;
}

export function encodeAddress(server: string, address: string, port: number): Command {
  return { text: `set server ${server} addr ${address} port ${port}`, expected: ADDRESS_ANSWER };
}

/** A server that is added starts disabled and unchecked, whatever its options say. */
function encodeAddition(backend: string, server: Server): Command[] {
  const name = serverOf({ backend, name: server.name });
  const address = isIPv6(server.address) ? `[${server.address}]` : server.address;
  const options = ["weight", String(server.weight), ...server.options];
  const commands = [
    {
      text: `add server ${name} ${address}:${server.port} ${options.join(" ")}`,
      expected: /^New server registered\.$/,
    },
  ];
  if (optionsOf(server).has("check")) commands.push({ text: `enable health ${name}`, expected: NOTHING });
  if (!server.isDisabled) commands.push({ text: `enable server ${name}`, expected: NOTHING });
  return commands;
}
