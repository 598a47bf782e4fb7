/** Settings of the controller that reach haproxy.cfg, with their defaults (docs/contract/rendering.md, 1.7); pure. */
import { BASE_PATH } from "../base-path.ts";
import type { Settings } from "../document/types.ts";

const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "DHE-RSA-AES128-GCM-SHA256",
  "DHE-RSA-AES256-GCM-SHA384",
  "DHE-RSA-CHACHA20-POLY1305",
].join(":");

const DEFAULTS = {
  base_path: BASE_PATH,
  connection_logging: true,
  user_log_format:
    "{{ project_id }} {{ lb_id }} %f %ci %cp %t %{+Q}r %ST %B %U %[ssl_c_verify] %{+Q}[ssl_c_s_dn] %b %s %Tt %tsc",
  user_log_facility: 0,
  administrative_log_facility: 1,
  default_connection_limit: 50_000,
  timeout_client_data: 50_000,
  timeout_member_connect: 5_000,
  timeout_member_data: 50_000,
  timeout_tcp_inspect: 0,
  haproxy_stick_size: "10k",
  default_listener_ciphers: CIPHERS,
  default_pool_ciphers: CIPHERS,
} as const satisfies Settings;

export type HaproxySettings = Readonly<Required<Pick<Settings, keyof typeof DEFAULTS>>>;

export function haproxySettings(given: Settings | null | undefined): HaproxySettings {
  return { ...DEFAULTS, ...given };
}
