/** Configurations of tests, as structures. */
import { parseSections } from "../../../../agent/loadbalancer/runtime/parse-sections.ts";
import type { Section } from "../../../../agent/loadbalancer/runtime/types.ts";

export const CONFIG = `# a comment
global
    maxconn 1000
    stats socket /run/lb.sock

frontend web
    maxconn 100
    bind 10.0.0.5:80
    default_backend pool:web

backend pool:web
    balance roundrobin
    timeout server 5000
    server m1 10.0.0.1:80 weight 1
    server m2 10.0.0.2:80 weight 1 check inter 5s
`;

export function sectionsOf(text: string): readonly Section[] {
  const sections = parseSections(text);
  if (!sections) throw new Error("not comparable");
  return sections;
}
