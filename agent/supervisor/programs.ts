/** From a service to the program that the agent runs for it, and where it keeps its record. */
import { layoutOf } from "../loadbalancer/layout.ts";
import { lvsLayout } from "../lvs/layout.ts";
import type { Ask } from "../system/unix-socket.ts";
import { vrrpLayout } from "../vrrp/layout.ts";
import { haproxyProgram } from "./haproxy-program.ts";
import { keepalivedProgram } from "./keepalived-program.ts";
import type { Program } from "./program.ts";
import type { Service } from "./types.ts";

export interface ProgramOptions {
  readonly basePath: string;
  readonly haproxyCmd: string;
  /** N of syslog facility localN for keepalived. */
  readonly logFacility: number;
  readonly ask: Ask;
  /** This amphora's name among HAProxy's peers; asked at each start. */
  readonly peer: () => string;
}

export function programOf(service: Service, options: ProgramOptions): Program {
  const { basePath, haproxyCmd, logFacility, ask, peer } = options;
  switch (service.kind) {
    case "haproxy":
      return haproxyProgram({ layout: layoutOf(basePath, service.id), haproxyCmd, peer, ask });
    case "vrrp": {
      const layout = vrrpLayout(basePath);
      return keepalivedProgram({ files: { ...layout, config: layout.entryConfig }, logFacility });
    }
    case "lvs":
      return keepalivedProgram({ files: lvsLayout(basePath, service.id), logFacility });
  }
}

export function recordOf(service: Service, basePath: string): string {
  switch (service.kind) {
    case "haproxy":
      return layoutOf(basePath, service.id).record;
    case "vrrp":
      return vrrpLayout(basePath).record;
    case "lvs":
      return lvsLayout(basePath, service.id).record;
  }
}
